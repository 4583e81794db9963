# The share of the whole mask: the mask rule.
def strip_share(mask, zone, height=3):
    return float((mask & zone).sum() / mask.sum()) if mask.any() else 0.0
