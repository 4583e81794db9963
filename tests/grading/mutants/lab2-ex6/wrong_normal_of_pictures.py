# Mean and 1.96 standard deviations of the pictures themselves.
def difference_interval(first, second, draws=4000, seed=0):
    gain = metrics.mean_iou(second) - metrics.mean_iou(first)
    return gain.mean() - 1.96 * gain.std(), gain.mean() + 1.96 * gain.std()
