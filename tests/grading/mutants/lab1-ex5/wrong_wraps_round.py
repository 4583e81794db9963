# The difference wraps round in uint8.
def find_word(picture):
    difference = picture - np.array([255, 0, 0], np.uint8)
    return np.abs(difference).max(axis=2) < 100
