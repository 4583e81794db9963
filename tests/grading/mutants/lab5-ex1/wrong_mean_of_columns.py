# The mean of the columns' shares, in which a short column weighs as much as a long one.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height)
    used = strip.any(axis=0)
    if not used.any():
        return 0.0
    return float(((strip & zone).sum(axis=0)[used] / strip.sum(axis=0)[used]).mean())
