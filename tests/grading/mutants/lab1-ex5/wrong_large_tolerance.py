# A tolerance that takes the cat for red.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2) < 200
