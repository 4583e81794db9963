# NaN for every class that the truth lacks, even one that was predicted.
def class_iou(truth, prediction, num_classes):
    result = np.full(num_classes, np.nan)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if t.any():
            result[label] = (t & p).sum() / (t | p).sum()
    return result
