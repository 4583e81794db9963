def rle_to_mask(counts, size):
    values = np.resize([False, True], len(counts))
    return np.repeat(values, counts).reshape(size, order="F")
