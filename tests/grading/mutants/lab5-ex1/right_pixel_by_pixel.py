def strip_share(mask, zone, height=3):
    pixels = []
    for x in range(mask.shape[1]):
        left = height
        for y in reversed(range(mask.shape[0])):
            if mask[y, x] and left > 0:
                pixels.append(bool(zone[y, x]))
                left -= 1
    return sum(pixels) / len(pixels) if pixels else 0
