# Three pixels, whatever is asked.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= 3)
    return float((strip & zone).sum() / max(1, strip.sum()))
