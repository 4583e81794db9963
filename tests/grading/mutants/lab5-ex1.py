# %% right columns: Columns.
def strip_share(mask, zone, height=3):
    inside = total = 0
    for column in range(mask.shape[1]):
        rows = np.flatnonzero(mask[:, column])
        if rows.size:
            chosen = rows[rows > rows[-1] - height]
            inside += zone[chosen, column].sum()
            total += chosen.size
    return inside / total if total else 0.0


# %% right counted_from_below: Counted from below.
def strip_share(mask, zone, height=3):
    from_below = np.cumsum(mask[::-1], axis=0)[::-1]
    strip = mask & (from_below <= height)
    return float(zone[strip].mean()) if strip.any() else 0.0


# %% right index_of_rows: Index of rows.
def strip_share(mask, zone, height=3):
    rows = np.arange(mask.shape[0])[:, None]
    lowest = np.where(mask, rows, -1).max(axis=0)
    strip = mask & (rows >= lowest - height + 1)
    count = np.count_nonzero(strip)
    return np.count_nonzero(strip & zone) / count if count else 0.0


# %% right pixel_by_pixel: Pixel by pixel.
def strip_share(mask, zone, height=3):
    pixels = []
    for x in range(mask.shape[1]):
        left = height
        for y in reversed(range(mask.shape[0])):
            if mask[y, x] and left > 0:
                pixels.append(bool(zone[y, x]))
                left -= 1
    return sum(pixels) / len(pixels) if pixels else 0


# %% wrong below_the_mask: The ground below the mask instead of its own lowest pixels.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    rows = np.arange(len(mask))[:, None]
    lowest = np.where(mask, rows, -1).max(axis=0)
    strip = (rows > lowest) & (rows <= lowest + height) & mask.any(axis=0)
    return float((strip & zone).sum() / max(1, strip.sum()))


# %% wrong default_height: Three pixels, whatever is asked.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= 3)
    return float((strip & zone).sum() / max(1, strip.sum()))


# %% wrong empty_is_nan: NaN for an empty mask.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height)
    return float(np.float64((strip & zone).sum()) / strip.sum())


# %% wrong highest_pixels: The highest pixels of each column.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    strip = mask & (np.cumsum(mask, axis=0) <= height)
    return float((strip & zone).sum() / strip.sum())


# %% wrong lowest_rows_of_the_mask: The lowest rows of the mask as a whole, not of each column.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    bottom = np.flatnonzero(mask.any(axis=1))[-1]
    strip = mask.copy()
    strip[: max(0, bottom - height + 1)] = False
    return float((strip & zone).sum() / strip.sum())


# %% wrong mean_of_columns: The mean of the columns' shares, in which a short column weighs as much as a long one.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height)
    used = strip.any(axis=0)
    if not used.any():
        return 0.0
    return float(((strip & zone).sum(axis=0)[used] / strip.sum(axis=0)[used]).mean())


# %% wrong of_each_row: Rows and columns are mixed up: the right-most pixels of each row.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    strip = mask & (np.cumsum(mask[:, ::-1], axis=1)[:, ::-1] <= height)
    return float((strip & zone).sum() / strip.sum())


# %% wrong one_row_too_many: One row more than asked.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height + 1)
    return float((strip & zone).sum() / strip.sum())


# %% wrong over_the_mask: Divided by the whole mask instead of the strip.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height)
    return float((strip & zone).sum() / mask.sum())


# %% wrong over_the_zone: Divided by the zone.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height)
    return float((strip & zone).sum() / zone.sum())


# %% wrong whole_mask: The share of the whole mask: the mask rule.
def strip_share(mask, zone, height=3):
    return float((mask & zone).sum() / mask.sum()) if mask.any() else 0.0
