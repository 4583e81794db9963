def class_iou(truth, prediction, num_classes):
    labels = np.arange(num_classes)[:, None, None]
    t, p = truth == labels, prediction == labels
    union = (t | p).sum(axis=(1, 2))
    return np.where(union, (t & p).sum(axis=(1, 2)) / np.maximum(union, 1), np.nan)
