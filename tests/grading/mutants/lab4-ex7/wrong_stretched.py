# Stretched over the whole picture, the published way.
def to_picture(small, box, size):
    return cv2.resize(small, (size[1], size[0])) > 0.5
