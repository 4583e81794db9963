# The channels taken for BGR.
def find_word(picture):
    return np.linalg.norm(picture.astype(float) - (0, 0, 255), axis=2) < 100
