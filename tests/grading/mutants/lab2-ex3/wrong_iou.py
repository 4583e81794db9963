# Divided by the union: IoU.
def precision_per_class(matrix):
    return metrics.iou_per_class(matrix)
