# The first run taken for foreground.
def rle_to_mask(counts, size):
    values = np.arange(len(counts)) % 2 == 0
    return np.repeat(values, counts).reshape(size, order="F")
