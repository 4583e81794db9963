# Height taken for both sides when laying the columns.
def rle_to_mask(counts, size):
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    mask = np.zeros(size, bool)
    for place in np.flatnonzero(values):
        mask[place % size[0], min(place // size[0], size[0])] = True
    return mask
