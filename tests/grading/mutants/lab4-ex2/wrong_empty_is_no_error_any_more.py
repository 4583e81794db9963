# Only the empty picture is repaired.
def count_right(overlaps, threshold=0.5):
    if not overlaps.size:
        return 0
    return int((overlaps.max(axis=1) >= threshold).sum())
