# The ends of the two networks' own intervals are subtracted.
def difference_interval(first, second, draws=4000, seed=0):
    a = metrics.bootstrap_interval(first, metrics.mean_iou)
    b = metrics.bootstrap_interval(second, metrics.mean_iou)
    return b[0] - a[0], b[1] - a[1]
