# Resized to (height, width) and turned to fit.
def to_picture(small, box, size):
    ymin, xmin, ymax, xmax = box
    mask = np.zeros(size, bool)
    mask[ymin:ymax, xmin:xmax] = (cv2.resize(small, (ymax - ymin, xmax - xmin)) > 0.5).T
    return mask
