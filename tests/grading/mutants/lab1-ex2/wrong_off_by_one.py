# The loop runs one class too far.
def class_iou(truth, prediction, num_classes):
    result = []
    for label in range(num_classes + 1):
        t, p = truth == label, prediction == label
        result.append((t & p).sum() / (t | p).sum() if (t | p).any() else np.nan)
    return result
