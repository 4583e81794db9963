# A tolerance that misses the rim of the letters.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2) < 30
