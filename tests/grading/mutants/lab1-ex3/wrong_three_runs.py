# Works for three runs, the example's number.
def rle_to_mask(counts, size):
    return np.repeat([False, True, False], counts).reshape(size, order="F")
