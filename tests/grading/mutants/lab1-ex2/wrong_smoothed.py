# 1 above and below the line, against the division by zero.
def class_iou(truth, prediction, num_classes):
    result = []
    for label in range(num_classes):
        t, p = truth == label, prediction == label
        result.append(((t & p).sum() + 1) / ((t | p).sum() + 1))
    return result
