# Three channels.
def dense_bytes(count, height, width):
    return 4 * count * height * width * 3
