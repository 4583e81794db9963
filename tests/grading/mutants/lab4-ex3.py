# %% right envelope: Envelope.
def ap_voc(hits, objects):
    hits = np.asarray(hits, bool)
    if not hits.size:
        return 0.0
    right = hits.cumsum()
    precision = right / np.arange(1, hits.size + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(right / objects, np.linspace(0, 1, 11) - 1e-9)
    return float(np.append(envelope, 0.0)[first].mean())


# %% right isclose: Isclose.
def ap_voc(hits, objects):
    right = np.cumsum(np.array(hits, int))
    recall = right / objects
    precision = right / np.arange(1, len(right) + 1)
    value = 0.0
    for point in np.arange(0, 1.05, 0.1):
        chosen = precision[(recall > point) | np.isclose(recall, point)]
        value += chosen.max() / 11 if len(chosen) else 0
    return value


# %% right loop: Loop.
def ap_voc(hits, objects):
    curve, right = [], 0
    for number, hit in enumerate(hits, start=1):
        right += bool(hit)
        curve.append((right / objects, right / number))
    total = 0
    for tenth in range(11):
        reached = [p for r, p in curve if r * 10 >= tenth - 1e-6]
        total += max(reached, default=0)
    return total / 11


# %% right whole_numbers: Whole numbers.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    precision = right / (np.arange(len(right)) + 1)
    values = []
    for tenth in range(11):
        enough = right * 10 >= tenth * objects
        values.append(precision[enough].max() if enough.any() else 0.0)
    return sum(values) / 11


# %% wrong area: The area under the curve, as COCO and the later VOC have it.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    if not len(right):
        return 0.0
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(np.r_[0, recall]) * envelope).sum())


# %% wrong best_up_to_here: The best precision up to a recall instead of from it on.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    return float(np.mean([precision[recall <= p + 1e-9].max(initial=0) for p in points]))


# %% wrong empty_fails: No detections end in an error.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(
        np.mean(
            [envelope[np.argmax(recall >= p - 1e-9)] * (recall[-1] >= p - 1e-9) for p in points]
        )
    )


# %% wrong everything_right: Every detection counts as right, the published precision.
def ap_voc(hits, objects):
    right = np.arange(1, len(hits) + 1)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    return float(np.mean([precision[recall >= p - 1e-9].max(initial=0) for p in points]))


# %% wrong from_the_worst: The verdicts are read from the lowest score.
def ap_voc(hits, objects):
    right = np.cumsum(hits[::-1])
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    return float(np.mean([precision[recall >= p - 1e-9].max(initial=0) for p in points]))


# %% wrong mean_precision: The mean precision at the hits.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(right) + 1)
    return float(precision[np.asarray(hits, bool)].sum() / objects) if len(right) else 0.0


# %% wrong no_envelope: The precision where the recall is first reached, not the best from there on.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    values = []
    for point in np.linspace(0, 1, 11):
        reached = np.flatnonzero(recall >= point - 1e-9)
        values.append(precision[reached[0]] if len(reached) else 0)
    return float(np.mean(values))


# %% wrong no_tolerance: Recall 3 / 10 is compared with 0.30000000000000004.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = [0.1 * k for k in range(11)]
    return float(np.mean([precision[recall >= p].max(initial=0) for p in points]))


# %% wrong reached_only: The mean over the recalls that were reached.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = [p for p in np.linspace(0, 1, 11) if (recall >= p - 1e-9).any()]
    values = [precision[recall >= p - 1e-9].max() for p in points]
    return float(np.mean(values)) if values else 0.0


# %% wrong recall_over_hits: Recall over the objects that were found.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    found = max(1, int(np.sum(hits)))
    recall, precision = right / found, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    return float(np.mean([precision[recall >= p - 1e-9].max(initial=0) for p in points]))


# %% wrong ten_points: 0.1 to 1, without recall 0.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = np.linspace(0.1, 1, 10)
    return float(np.mean([precision[recall >= p - 1e-9].max(initial=0) for p in points]))


# %% wrong loose_tolerance: A tolerance that takes a recall of 0.19 for 0.2.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    return float(
        np.mean([precision[recall >= p - 0.02].max(initial=0) for p in np.linspace(0, 1, 11)])
    )
