# One mask for the picture, whatever the number of objects.
def dense_bytes(count, height, width):
    return 4 * height * width
