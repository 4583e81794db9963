# The last two numbers taken for height and width of the box.
def to_picture(small, box, size):
    ymin, xmin, height, width = box
    mask = np.zeros(size, bool)
    part = mask[ymin : ymin + height, xmin : xmin + width]
    part[:] = (cv2.resize(small, (width, height)) > 0.5)[: part.shape[0], : part.shape[1]]
    return mask
