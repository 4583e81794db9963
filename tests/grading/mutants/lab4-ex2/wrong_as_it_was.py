# The colleague's code, unchanged.
def count_right(overlaps, threshold=0.5):
    return int((overlaps.max(axis=1) >= threshold).sum())
