# The ground below the mask instead of its own lowest pixels.
def strip_share(mask, zone, height=3):
    if not mask.any():
        return 0.0
    rows = np.arange(len(mask))[:, None]
    lowest = np.where(mask, rows, -1).max(axis=0)
    strip = (rows > lowest) & (rows <= lowest + height) & mask.any(axis=0)
    return float((strip & zone).sum() / max(1, strip.sum()))
