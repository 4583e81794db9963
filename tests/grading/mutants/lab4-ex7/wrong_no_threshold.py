# Every probability that is not 0 counts.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    mask[ymin:ymax, xmin:xmax] = cv2.resize(small, (xmax - xmin, ymax - ymin)).astype(bool)
    return mask
