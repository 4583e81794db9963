# Rows are taken for objects.
def count_right(overlaps, threshold=0.5):
    return int((match(overlaps.T, threshold) >= 0).sum())
