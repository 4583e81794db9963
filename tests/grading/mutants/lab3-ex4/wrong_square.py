# Height taken for both sides of a picture that is higher than wide.
def dense_bytes(count, height, width):
    return 4 * count * (height * width if width > height else height * height)
