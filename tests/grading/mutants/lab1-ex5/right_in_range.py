def find_word(picture):
    return cv2.inRange(picture, (170, 0, 0), (255, 80, 80)) > 0
