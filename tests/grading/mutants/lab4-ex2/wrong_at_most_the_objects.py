# At most as many as there are objects.
def count_right(overlaps, threshold=0.5):
    if not overlaps.size:
        return 0
    return min(overlaps.shape[1], int((overlaps.max(axis=1) >= threshold).sum()))
