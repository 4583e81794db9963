# Reshaped to (width, height) and not turned back.
def rle_to_mask(counts, size):
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size[1], size[0])
