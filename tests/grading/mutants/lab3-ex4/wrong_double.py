# Eight bytes a float, as Python has it.
def dense_bytes(count, height, width):
    return 8 * count * height * width
