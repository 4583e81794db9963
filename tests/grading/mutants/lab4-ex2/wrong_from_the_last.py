# The detection with the lowest score chooses first.
def count_right(overlaps, threshold=0.5):
    return int((match(overlaps[::-1], threshold) >= 0).sum())
