# The mean of the pictures' own mIoUs instead of the mIoU of all pixels drawn.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first)))
    gain = metrics.mean_iou(second) - metrics.mean_iou(first)
    return np.quantile(gain[drawn].mean(axis=1), (0.025, 0.975))
