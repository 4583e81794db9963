def class_iou(truth, prediction, num_classes):
    t, p = truth.ravel(), prediction.ravel()
    hits = np.bincount(t[t == p], minlength=num_classes).astype(float)
    union = np.bincount(t, minlength=num_classes) + np.bincount(p, minlength=num_classes) - hits
    return np.divide(hits, union, out=np.full(num_classes, np.nan), where=union > 0)
