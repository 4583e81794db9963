def rle_to_mask(counts, size):
    flat = np.zeros(size[0] * size[1], bool)
    start = 0
    for index, count in enumerate(counts):
        if index % 2:
            flat[start : start + count] = True
        start += count
    return flat.reshape(size[1], size[0]).T
