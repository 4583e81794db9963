# The red channel alone, which is high in fur as well.
def find_word(picture):
    return picture[..., 0] > 200
