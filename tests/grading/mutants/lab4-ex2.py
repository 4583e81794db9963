# %% right crossed_out: Crossed out.
def count_right(overlaps, threshold=0.5):
    left = np.array(overlaps, float)
    right = 0
    for index in range(left.shape[0]):
        if left.shape[1] == 0:
            break
        best = left[index].argmax()
        if left[index, best] >= threshold:
            right += 1
            left[:, best] = -1
    return right


# %% right helpers: Helpers.
def count_right(overlaps, threshold=0.5):
    return int(np.sum(detection.match(overlaps, threshold) >= 0))


# %% right loop: Loop.
def count_right(overlaps, threshold=0.5):
    taken, right = set(), 0
    for row in overlaps:
        free = [(iou, number) for number, iou in enumerate(row) if number not in taken]
        if free and max(free)[0] >= threshold:
            taken.add(max(free)[1])
            right += 1
    return right


# %% right recursive: Recursive.
def count_right(overlaps, threshold=0.5):
    if 0 in overlaps.shape:
        return 0
    first, rest = overlaps[0], overlaps[1:]
    best = int(np.argmax(first))
    if first[best] < threshold:
        return count_right(rest, threshold)
    return 1 + count_right(np.delete(rest, best, axis=1), threshold)


# %% right with_match: With match.
def count_right(overlaps, threshold=0.5):
    found = match(overlaps, threshold)
    return len(found[found >= 0])


# %% wrong as_it_was: The colleague's code, unchanged.
def count_right(overlaps, threshold=0.5):
    return int((overlaps.max(axis=1) >= threshold).sum())


# %% wrong at_most_the_objects: At most as many as there are objects.
def count_right(overlaps, threshold=0.5):
    if not overlaps.size:
        return 0
    return min(overlaps.shape[1], int((overlaps.max(axis=1) >= threshold).sum()))


# %% wrong best_object_only: A detection whose best object is taken does not get its second best.
def count_right(overlaps, threshold=0.5):
    taken = set()
    for row in overlaps:
        if len(row) and row.max() >= threshold:
            taken.add(int(row.argmax()))
    return len(taken)


# %% wrong best_possible: The largest matching there is, not the one in order of the scores.
from scipy.optimize import linear_sum_assignment


def count_right(overlaps, threshold=0.5):
    rows, columns = linear_sum_assignment(-(overlaps >= threshold).astype(float))
    return int((overlaps[rows, columns] >= threshold).sum())


# %% wrong empty_is_no_error_any_more: Only the empty picture is repaired.
def count_right(overlaps, threshold=0.5):
    if not overlaps.size:
        return 0
    return int((overlaps.max(axis=1) >= threshold).sum())


# %% wrong first_object: The first object above the threshold instead of the best one.
def count_right(overlaps, threshold=0.5):
    free, right = np.ones(overlaps.shape[1], bool), 0
    for row in overlaps:
        candidates = np.flatnonzero(free & (row >= threshold))
        if len(candidates):
            free[candidates[0]] = False
            right += 1
    return right


# %% wrong from_the_last: The detection with the lowest score chooses first.
def count_right(overlaps, threshold=0.5):
    return int((match(overlaps[::-1], threshold) >= 0).sum())


# %% wrong objects_with_a_detection: Objects that some detection touches, although one detection may serve for two.
def count_right(overlaps, threshold=0.5):
    if not overlaps.size:
        return 0
    return int((overlaps.max(axis=0) >= threshold).sum())


# %% wrong strictly_greater: An IoU equal to the threshold is refused.
def count_right(overlaps, threshold=0.5):
    left, right = np.array(overlaps, float), 0
    for index in range(len(left)):
        if left.shape[1] and left[index].max() > threshold:
            right += 1
            left[:, left[index].argmax()] = -1
    return right


# %% wrong threshold_ignored: 0.5, whatever is asked.
def count_right(overlaps, threshold=0.5):
    return int((match(overlaps) >= 0).sum())


# %% wrong transposed: Rows are taken for objects.
def count_right(overlaps, threshold=0.5):
    return int((match(overlaps.T, threshold) >= 0).sum())
