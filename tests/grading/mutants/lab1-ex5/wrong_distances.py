# The distance itself, not a mask.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2)
