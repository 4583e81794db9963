# %% right bincount: Bincount.
def class_iou(truth, prediction, num_classes):
    t, p = truth.ravel(), prediction.ravel()
    hits = np.bincount(t[t == p], minlength=num_classes).astype(float)
    union = np.bincount(t, minlength=num_classes) + np.bincount(p, minlength=num_classes) - hits
    return np.divide(hits, union, out=np.full(num_classes, np.nan), where=union > 0)


# %% right confusion_matrix: Confusion matrix.
def class_iou(truth, prediction, num_classes):
    matrix = np.zeros((num_classes, num_classes), int)
    np.add.at(matrix, (truth, prediction), 1)
    hits = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - hits
    with np.errstate(invalid="ignore"):
        return hits / union


# %% right helpers: Helpers.
def class_iou(truth, prediction, num_classes):
    return metrics.iou_per_class(metrics.confusion_matrix(truth, prediction, num_classes))


# %% right loop: Loop.
def class_iou(truth, prediction, num_classes):
    values = []
    for label in range(num_classes):
        both = ((truth == label) & (prediction == label)).sum()
        either = ((truth == label) | (prediction == label)).sum()
        values.append(both / either if either else float("nan"))
    return values


# %% right one_hot: One hot.
def class_iou(truth, prediction, num_classes):
    labels = np.arange(num_classes)[:, None, None]
    t, p = truth == labels, prediction == labels
    union = (t | p).sum(axis=(1, 2))
    return np.where(union, (t & p).sum(axis=(1, 2)) / np.maximum(union, 1), np.nan)


# %% wrong absent_is_one: A class in neither array counts as perfect.
def class_iou(truth, prediction, num_classes):
    result = np.ones(num_classes)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if (t | p).any():
            result[label] = (t & p).sum() / (t | p).sum()
    return result


# %% wrong absent_is_zero: A class in neither array still gets 0.
def class_iou(truth, prediction, num_classes):
    result = np.zeros(num_classes)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if (t | p).any():
            result[label] = (t & p).sum() / (t | p).sum()
    return result


# %% wrong class_0_forgotten: The loop still begins with class 1.
def class_iou(truth, prediction, num_classes):
    result = []
    for label in range(1, num_classes):
        t, p = truth == label, prediction == label
        result.append((t & p).sum() / (t | p).sum() if (t | p).any() else np.nan)
    return result


# %% wrong dice: "Never more than 0.5" repaired with a factor 2, which is Dice.
def class_iou(truth, prediction, num_classes):
    result = np.full(num_classes, np.nan)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if t.sum() + p.sum():
            result[label] = 2 * (t & p).sum() / (t.sum() + p.sum())
    return result


# %% wrong hard_coded: The expected output of the visible check.
def class_iou(truth, prediction, num_classes):
    return np.array([0.5, 0.5, np.nan, 1])


# %% wrong nan_where_the_truth_lacks_it: NaN for every class that the truth lacks, even one that was predicted.
def class_iou(truth, prediction, num_classes):
    result = np.full(num_classes, np.nan)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if t.any():
            result[label] = (t & p).sum() / (t | p).sum()
    return result


# %% wrong off_by_one: The loop runs one class too far.
def class_iou(truth, prediction, num_classes):
    result = []
    for label in range(num_classes + 1):
        t, p = truth == label, prediction == label
        result.append((t & p).sum() / (t | p).sum() if (t | p).any() else np.nan)
    return result


# %% wrong overlap_still_counted_twice: Only the range and the NaN are repaired.
def class_iou(truth, prediction, num_classes):
    result = np.full(num_classes, np.nan)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if t.sum() + p.sum():
            result[label] = (t & p).sum() / (t.sum() + p.sum())
    return result


# %% wrong recall: Divided by the truth alone: recall.
def class_iou(truth, prediction, num_classes):
    result = np.full(num_classes, np.nan)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if (t | p).any():
            result[label] = (t & p).sum() / max(1, t.sum())
    return result


# %% wrong smoothed: 1 above and below the line, against the division by zero.
def class_iou(truth, prediction, num_classes):
    result = []
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        result.append(((t & p).sum() + 1) / ((t | p).sum() + 1))
    return result
