# The probabilities instead of a mask.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    picture = np.zeros(size, np.float32)
    picture[ymin:ymax, xmin:xmax] = cv2.resize(small, (xmax - xmin, ymax - ymin))
    return picture
