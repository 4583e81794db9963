def rle_to_mask(counts, size):
    changes = np.zeros(size[0] * size[1] + 1, int)
    np.add.at(changes, np.cumsum(counts)[:-1], 1)
    return (changes[:-1].cumsum() % 2).astype(bool).reshape(size, order="F")
