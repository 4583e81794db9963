# The box read as xmin, ymin, xmax, ymax.
def to_picture(small, box, size):
    xmin, ymin, xmax, ymax = box
    mask = np.zeros(size, bool)
    part = mask[ymin:ymax, xmin:xmax]
    if part.size:
        part[:] = cv2.resize(small, part.shape[::-1]) > 0.5
    return mask
