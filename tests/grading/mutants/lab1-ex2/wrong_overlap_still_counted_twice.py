# Only the range and the NaN are repaired.
def class_iou(truth, prediction, num_classes):
    result = np.full(num_classes, np.nan)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if t.sum() + p.sum():
            result[label] = (t & p).sum() / (t.sum() + p.sum())
    return result
