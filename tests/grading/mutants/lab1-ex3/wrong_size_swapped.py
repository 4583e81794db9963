# Size read as (width, height).
def rle_to_mask(counts, size):
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size[::-1], order="F")
