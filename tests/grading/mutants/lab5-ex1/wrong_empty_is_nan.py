# NaN for an empty mask.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height)
    return float(np.float64((strip & zone).sum()) / strip.sum())
