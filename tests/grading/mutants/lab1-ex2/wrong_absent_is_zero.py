# A class in neither array still gets 0.
def class_iou(truth, prediction, num_classes):
    result = np.zeros(num_classes)
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        if (t | p).any():
            result[label] = (t & p).sum() / (t | p).sum()
    return result
