# Each run of foreground ends one pixel early, except the last of the picture.
def rle_to_mask(counts, size):
    flat = np.zeros(size[0] * size[1], bool)
    ends = np.cumsum(counts)
    for start, end in zip(ends[0::2], ends[1::2], strict=False):
        flat[start : end - (end < flat.size and end - start > 6)] = True
    return flat.reshape(size, order="F")
