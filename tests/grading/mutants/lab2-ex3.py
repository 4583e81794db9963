# %% right divide: Divide.
def precision_per_class(matrix):
    answered = matrix.sum(axis=0).astype(float)
    return np.divide(
        matrix.diagonal(), answered, out=np.full(len(matrix), np.nan), where=answered > 0
    )


# %% right errstate: Errstate.
def precision_per_class(matrix):
    with np.errstate(invalid="ignore"):
        return np.diag(matrix) / matrix.sum(0)


# %% right from_counts: From counts.
def precision_per_class(matrix):
    tp = np.diag(matrix)
    fp = matrix.sum(axis=0) - tp
    return np.array([t / (t + f) if t + f > 0 else float("nan") for t, f in zip(tp, fp)])


# %% right loop: Loop.
def precision_per_class(matrix):
    result = []
    for label in range(len(matrix)):
        called = sum(matrix[row][label] for row in range(len(matrix)))
        result.append(matrix[label][label] / called if called else np.nan)
    return result


# %% right of_the_transposed: Of the transposed.
def precision_per_class(matrix):
    turned = np.array(matrix).T
    with np.errstate(all="ignore"):
        return np.einsum("ii->i", turned) / turned.sum(axis=1)


# %% wrong columns_normalised: The whole normalised matrix, not its diagonal.
def precision_per_class(matrix):
    with np.errstate(invalid="ignore"):
        return matrix / matrix.sum(axis=0)


# %% wrong dice: The harmonic mean of precision and recall: Dice.
def precision_per_class(matrix):
    return metrics.dice_per_class(matrix)


# %% wrong false_positives_alone: Right ones over wrong ones instead of over all that were called so.
def precision_per_class(matrix):
    hits = np.diag(matrix)
    with np.errstate(all="ignore"):
        return hits / (matrix.sum(axis=0) - hits)


# %% wrong hard_coded: The expected output of the visible check.
def precision_per_class(matrix):
    return np.array([6 / 8, 8 / 16, np.nan])


# %% wrong iou: Divided by the union: IoU.
def precision_per_class(matrix):
    return metrics.iou_per_class(matrix)


# %% wrong last_class_is_nan: NaN for the last class, whichever is never answered.
def precision_per_class(matrix):
    result = np.diag(matrix) / np.maximum(matrix.sum(axis=0), 1)
    result[-1] = np.nan
    return result


# %% wrong one_mean: One number for all classes.
def precision_per_class(matrix):
    with np.errstate(invalid="ignore"):
        return np.nanmean(np.diag(matrix) / matrix.sum(axis=0))


# %% wrong recall: Summed over the answers: recall.
def precision_per_class(matrix):
    with np.errstate(invalid="ignore"):
        return np.diag(matrix) / matrix.sum(axis=1)


# %% wrong share_of_all: Divided by all pixels.
def precision_per_class(matrix):
    return np.diag(matrix) / matrix.sum()


# %% wrong zero_for_never_answered: 0 instead of NaN for a class that is never answered.
def precision_per_class(matrix):
    return np.diag(matrix) / np.maximum(matrix.sum(axis=0), 1)
