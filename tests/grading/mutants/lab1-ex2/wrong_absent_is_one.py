# A class in neither array counts as perfect.
def class_iou(truth, prediction, num_classes):
    result = np.ones(num_classes)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if (t | p).any():
            result[label] = (t & p).sum() / (t | p).sum()
    return result
