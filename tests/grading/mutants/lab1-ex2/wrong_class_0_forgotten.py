# The loop still begins with class 1.
def class_iou(truth, prediction, num_classes):
    result = []
    for label in range(1, num_classes):
        t, p = truth == label, prediction == label
        result.append((t & p).sum() / (t | p).sum() if (t | p).any() else np.nan)
    return result
