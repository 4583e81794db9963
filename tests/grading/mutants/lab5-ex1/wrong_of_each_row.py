# Rows and columns are mixed up: the right-most pixels of each row.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    strip = mask & (np.cumsum(mask[:, ::-1], axis=1)[:, ::-1] <= height)
    return float((strip & zone).sum() / strip.sum())
