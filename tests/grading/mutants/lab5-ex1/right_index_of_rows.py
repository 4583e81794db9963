def strip_share(mask, zone, height=3):
    rows = np.arange(mask.shape[0])[:, None]
    lowest = np.where(mask, rows, -1).max(axis=0)
    strip = mask & (rows >= lowest - height + 1)
    count = np.count_nonzero(strip)
    return np.count_nonzero(strip & zone) / count if count else 0.0
