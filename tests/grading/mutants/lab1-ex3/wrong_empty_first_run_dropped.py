# A first run of length 0 is dropped, which swaps the values.
def rle_to_mask(counts, size):
    counts = [count for count in counts if count]
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size, order="F")
