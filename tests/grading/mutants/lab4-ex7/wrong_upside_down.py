# The box's rows from the bottom.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    mask[ymin:ymax, xmin:xmax] = cv2.resize(small, (xmax - xmin, ymax - ymin))[::-1] > 0.5
    return mask
