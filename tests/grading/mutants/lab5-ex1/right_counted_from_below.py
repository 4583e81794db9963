def strip_share(mask, zone, height=3):
    from_below = np.cumsum(mask[::-1], axis=0)[::-1]
    strip = mask & (from_below <= height)
    return float(zone[strip].mean()) if strip.any() else 0.0
