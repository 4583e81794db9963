def rle_to_mask(counts, size):
    flat = []
    for index, count in enumerate(counts):
        flat += [bool(index % 2)] * count
    return np.array(flat, dtype=bool).reshape(size[::-1]).T
