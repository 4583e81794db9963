# Divided by the zone.
def strip_share(mask, zone, height=3):
    strip = mask & (np.cumsum(mask[::-1], axis=0)[::-1] <= height)
    return float((strip & zone).sum() / zone.sum())
