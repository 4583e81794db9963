# The first object above the threshold instead of the best one.
def count_right(overlaps, threshold=0.5):
    free, right = np.ones(overlaps.shape[1], bool), 0
    for row in overlaps:
        candidates = np.flatnonzero(free & (row >= threshold))
        if len(candidates):
            free[candidates[0]] = False
            right += 1
    return right
