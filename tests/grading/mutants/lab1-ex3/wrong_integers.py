# Integers instead of bool.
def rle_to_mask(counts, size):
    return np.repeat(np.arange(len(counts)) % 2, counts).reshape(size, order="F")
