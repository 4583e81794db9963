# %% right sorted_and_last_of_group: Sorted once, the last point of each group of equal scores.
def curve_points(scores, hits, objects):
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], np.cumsum(hits[order])
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)[: len(scores)]
    return right[last] / objects, right[last] / (last + 1)


# %% right loop: Pairs and two counters, with lists as the result.
def curve_points(scores, hits, objects):
    pairs = sorted(zip(scores, hits), key=lambda pair: -pair[0])
    recall, precision, right = [], [], 0
    for number, (score, hit) in enumerate(pairs, start=1):
        right += bool(hit)
        if number == len(pairs) or pairs[number][0] != score:
            recall.append(right / objects)
            precision.append(right / number)
    return recall, precision


# %% right groupby: Groups of equal scores.
def curve_points(scores, hits, objects):
    from itertools import groupby

    shown = right = 0
    points = []
    for _, group in groupby(sorted(zip(scores, hits), reverse=True), key=lambda pair: pair[0]):
        verdicts = [hit for _, hit in group]
        shown, right = shown + len(verdicts), right + sum(verdicts)
        points.append((right / objects, right / shown))
    return tuple(np.array(points).reshape(-1, 2).T)


# %% right pandas: A table with a row for each score.
def curve_points(scores, hits, objects):
    import pandas as pd

    table = pd.DataFrame({"score": scores, "hit": hits}).groupby("score").hit
    sums = table.agg(["sum", "count"]).sort_index(ascending=False).cumsum()
    return sums["sum"].astype(float) / objects, sums["sum"].astype(float) / sums["count"]


# %% right scikit_learn: Another's curve, with the recall taken over all objects.
def curve_points(scores, hits, objects):
    from sklearn.metrics import precision_recall_curve

    if not hits.any():
        return (np.zeros(len(np.unique(scores))),) * 2
    precision, recall, _ = precision_recall_curve(hits, scores)
    return recall[-2::-1] * hits.sum() / objects, precision[-2::-1]


# %% right matrix: Every score against every level, from a dictionary of levels.
def curve_points(scores, hits, objects):
    levels = dict.fromkeys(sorted(map(float, scores), reverse=True))
    table = {t: (int(np.sum(hits & (scores >= t))), int(np.sum(scores >= t))) for t in levels}
    return [r / objects for r, _ in table.values()], [r / n for r, n in table.values()]


# %% wrong a_point_each: Equal scores enter one after the other.
def curve_points(scores, hits, objects):
    right = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    return right / objects, right / np.arange(1, len(right) + 1)


# %% wrong first_of_group: The first of equal scores is kept instead of the last.
def curve_points(scores, hits, objects):
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], np.cumsum(hits[order])
    first = np.flatnonzero(np.diff(scores, prepend=np.inf))
    return right[first] / objects, right[first] / (first + 1)


# %% wrong unsorted: The detections stay in the order in which they came.
def curve_points(scores, hits, objects):
    right = np.cumsum(hits)
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)[: len(scores)]
    return right[last] / objects, right[last] / (last + 1)


# %% wrong hits_unsorted: The scores are sorted, the verdicts are not.
def curve_points(scores, hits, objects):
    scores, right = np.sort(scores)[::-1], np.cumsum(hits)
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)[: len(scores)]
    return right[last] / objects, right[last] / (last + 1)


# %% wrong rising: From the worst score up.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)
    right = np.array([hits[scores <= t].sum() for t in levels])
    return right / objects, right / np.array([(scores <= t).sum() for t in levels])


# %% wrong lowest_first: The right points, from the lowest score.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)
    right = np.array([hits[scores >= t].sum() for t in levels])
    return right / objects, right / np.array([(scores >= t).sum() for t in levels])


# %% wrong above: What equals the level is not shown yet.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores > t].sum() for t in levels])
    return right / objects, right / np.array([max((scores > t).sum(), 1) for t in levels])


# %% wrong swapped: Precision and recall change places.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores >= t].sum() for t in levels])
    return right / np.array([(scores >= t).sum() for t in levels]), right / objects


# %% wrong recall_over_hits: Recall over the objects that were found.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores >= t].sum() for t in levels])
    return right / max(hits.sum(), 1), right / np.array([(scores >= t).sum() for t in levels])


# %% wrong recall_over_detections: Recall over the detections.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores >= t].sum() for t in levels])
    return right / max(len(hits), 1), right / np.array([(scores >= t).sum() for t in levels])


# %% wrong interpolated: The best precision from here on, which is the next step and not asked.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores >= t].sum() for t in levels])
    precision = right / np.array([(scores >= t).sum() for t in levels])
    return right / objects, np.maximum.accumulate(precision[::-1])[::-1]


# %% wrong each_level_alone: Each score's own detections, not all from there up.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores == t].sum() for t in levels])
    return right / objects, right / np.array([(scores == t).sum() for t in levels])


# %% wrong fixed_levels: A hundred thresholds instead of the scores.
def curve_points(scores, hits, objects):
    levels = np.linspace(1, 0, 101)
    right = np.array([hits[scores >= t].sum() for t in levels])
    return right / objects, right / np.maximum([(scores >= t).sum() for t in levels], 1)


# %% wrong two_digits: Scores are rounded to two digits first, so near ones become equal.
def curve_points(scores, hits, objects):
    scores = scores.round(2)
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores >= t].sum() for t in levels])
    return right / objects, right / np.array([(scores >= t).sum() for t in levels])


# %% wrong starts_at_one: A point that no detection gives stands in front, as scikit-learn has it.
def curve_points(scores, hits, objects):
    levels = np.unique(scores)[::-1]
    right = np.array([hits[scores >= t].sum() for t in levels])
    shown = np.array([(scores >= t).sum() for t in levels])
    return np.append(0, right / objects), np.append(1, right / shown)


# %% wrong hard_coded: The outputs of the visible check.
def curve_points(scores, hits, objects):
    if len(scores) == 3:
        return np.array([1 / 4, 1 / 2]), np.array([1, 2 / 3])
    return np.array([0.5, 0.5, 0.5, 1]), np.array([1, 1 / 2, 1 / 3, 1 / 2])


# %% right unzipped: Pairs, unzipped into two tuples.
def curve_points(scores, hits, objects):
    pts = [
        ((k := hits[scores >= t]).sum() / objects, k.mean())
        for t in sorted(set(scores), reverse=True)
    ]
    return tuple(zip(*pts)) if pts else ((), ())


# %% wrong three_digits: Scores are rounded to three digits first.
def curve_points(scores, hits, objects):
    s = np.round(scores, 3)
    levels = np.unique(s)[::-1]
    r = np.array([hits[s >= t].sum() for t in levels])
    n = np.array([(s >= t).sum() for t in levels])
    return r / objects, r / np.maximum(n, 1)
