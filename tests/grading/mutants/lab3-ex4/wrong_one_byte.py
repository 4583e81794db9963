# One byte a pixel.
def dense_bytes(count, height, width):
    return count * height * width
