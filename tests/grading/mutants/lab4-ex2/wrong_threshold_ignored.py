# 0.5, whatever is asked.
def count_right(overlaps, threshold=0.5):
    return int((match(overlaps) >= 0).sum())
