def class_iou(truth, prediction, num_classes):
    values = []
    for label in range(num_classes):
        both = ((truth == label) & (prediction == label)).sum()
        either = ((truth == label) | (prediction == label)).sum()
        values.append(both / either if either else float("nan"))
    return values
