def class_iou(truth, prediction, num_classes):
    matrix = np.zeros((num_classes, num_classes), int)
    np.add.at(matrix, (truth, prediction), 1)
    hits = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - hits
    with np.errstate(invalid="ignore"):
        return hits / union
