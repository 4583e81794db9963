# The lowest rows of the mask as a whole, not of each column.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    bottom = np.flatnonzero(mask.any(axis=1))[-1]
    strip = mask.copy()
    strip[: max(0, bottom - height + 1)] = False
    return float((strip & zone).sum() / strip.sum())
