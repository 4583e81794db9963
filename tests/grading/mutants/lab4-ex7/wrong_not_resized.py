# The 28 x 28 numbers are put into the corner of the box as they are.
def to_picture(small, box, size):
    mask = np.zeros(size, bool)
    part = mask[box[0] : box[0] + 28, box[1] : box[1] + 28]
    part[:] = small[: part.shape[0], : part.shape[1]] > 0.5
    return mask
