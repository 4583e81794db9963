def rle_to_mask(counts, size):
    height, width = size
    ends = np.cumsum(counts)
    place = np.arange(height * width)
    return (np.searchsorted(ends, place, side="right") % 2 == 1).reshape((height, width), order="F")
