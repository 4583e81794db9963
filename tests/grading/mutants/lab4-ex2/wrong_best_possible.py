# The largest matching there is, not the one in order of the scores.
from scipy.optimize import linear_sum_assignment


def count_right(overlaps, threshold=0.5):
    rows, columns = linear_sum_assignment(-(overlaps >= threshold).astype(float))
    return int((overlaps[rows, columns] >= threshold).sum())
