def class_iou(truth, prediction, num_classes):
    return metrics.iou_per_class(metrics.confusion_matrix(truth, prediction, num_classes))
