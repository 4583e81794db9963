# Divided by the truth alone: recall.
def class_iou(truth, prediction, num_classes):
    result = np.full(num_classes, np.nan)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if (t | p).any():
            result[label] = (t & p).sum() / max(1, t.sum())
    return result
