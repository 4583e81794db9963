# The highest pixels of each column.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    strip = mask & (np.cumsum(mask, axis=0) <= height)
    return float((strip & zone).sum() / strip.sum())
