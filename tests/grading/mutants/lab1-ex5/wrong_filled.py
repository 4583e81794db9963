# The holes of the letters are closed, and the gaps between them.
def find_word(picture):
    red = np.linalg.norm(picture.astype(float) - (255, 0, 0), axis=2) < 100
    return cv2.morphologyEx(red.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 25))) > 0
