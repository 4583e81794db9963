def difference_interval(first, second, draws=4000, seed=0):
    both = np.stack([first, second], axis=1)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(both), (draws, len(both)))
    sums = both[drawn].sum(axis=1)
    low, high = np.quantile(
        metrics.mean_iou(sums[:, 1]) - metrics.mean_iou(sums[:, 0]), (0.025, 0.975)
    )
    return [float(low), float(high)]
