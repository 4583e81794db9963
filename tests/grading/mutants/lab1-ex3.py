# %% right list: List.
def rle_to_mask(counts, size):
    flat = []
    for index, count in enumerate(counts):
        flat += [bool(index % 2)] * count
    return np.array(flat, dtype=bool).reshape(size[::-1]).T


# %% right loop: Loop.
def rle_to_mask(counts, size):
    flat = np.zeros(size[0] * size[1], bool)
    start = 0
    for index, count in enumerate(counts):
        if index % 2:
            flat[start : start + count] = True
        start += count
    return flat.reshape(size[1], size[0]).T


# %% right repeat: Repeat.
def rle_to_mask(counts, size):
    values = np.resize([False, True], len(counts))
    return np.repeat(values, counts).reshape(size, order="F")


# %% right running_sum: Running sum.
def rle_to_mask(counts, size):
    height, width = size
    ends = np.cumsum(counts)
    place = np.arange(height * width)
    return (np.searchsorted(ends, place, side="right") % 2 == 1).reshape((height, width), order="F")


# %% right toggled: Toggled.
def rle_to_mask(counts, size):
    changes = np.zeros(size[0] * size[1] + 1, int)
    np.add.at(changes, np.cumsum(counts)[:-1], 1)
    return (changes[:-1].cumsum() % 2).astype(bool).reshape(size, order="F")


# %% wrong along_the_rows: Runs laid along the rows.
def rle_to_mask(counts, size):
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size)


# %% wrong begins_with_foreground: The first run taken for foreground.
def rle_to_mask(counts, size):
    values = np.arange(len(counts)) % 2 == 0
    return np.repeat(values, counts).reshape(size, order="F")


# %% wrong empty_first_run_dropped: A first run of length 0 is dropped, which swaps the values.
def rle_to_mask(counts, size):
    counts = [count for count in counts if count]
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size, order="F")


# %% wrong hard_coded: The expected output of the visible check.
def rle_to_mask(counts, size):
    return np.array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 0, 0]], bool)


# %% wrong integers: Integers instead of bool.
def rle_to_mask(counts, size):
    return np.repeat(np.arange(len(counts)) % 2, counts).reshape(size, order="F")


# %% wrong off_by_one: Each run of foreground ends one pixel early, except the last of the picture.
def rle_to_mask(counts, size):
    flat = np.zeros(size[0] * size[1], bool)
    ends = np.cumsum(counts)
    for start, end in zip(ends[0::2], ends[1::2], strict=False):
        flat[start : end - (end < flat.size and end - start > 6)] = True
    return flat.reshape(size, order="F")


# %% wrong size_swapped: Size read as (width, height).
def rle_to_mask(counts, size):
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size[::-1], order="F")


# %% wrong square_assumed: Height taken for both sides when laying the columns.
def rle_to_mask(counts, size):
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    mask = np.zeros(size, bool)
    for place in np.flatnonzero(values):
        mask[place % size[0], min(place // size[0], size[0])] = True
    return mask


# %% wrong three_runs: Works for three runs, the example's number.
def rle_to_mask(counts, size):
    return np.repeat([False, True, False], counts).reshape(size, order="F")


# %% wrong transposed: Reshaped to (width, height) and not turned back.
def rle_to_mask(counts, size):
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size[1], size[0])


# %% wrong runs_in_a_byte: Run lengths are kept in a byte, so those over 255 wrap round.
def rle_to_mask(counts, size):
    counts = np.array(counts).astype(np.uint8)
    flat = np.zeros(size[0] * size[1], bool)
    at = 0
    for n, c in enumerate(counts):
        flat[at : at + int(c)] = n % 2
        at += int(c)
    return flat.reshape(size, order="F")


# %% wrong int8_position: Positions are kept in a byte with a sign.
def rle_to_mask(counts, size):
    flat = np.zeros(size[0] * size[1], bool)
    ends = np.cumsum(counts, dtype=np.int8)
    for a, b in zip(ends[0::2], ends[1::2]):
        flat[a:b] = True
    return flat.reshape(size, order="F")
