# Objects that some detection touches, although one detection may serve for two.
def count_right(overlaps, threshold=0.5):
    if not overlaps.size:
        return 0
    return int((overlaps.max(axis=0) >= threshold).sum())
