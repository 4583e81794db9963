def difference_interval(first, second, draws=4000, seed=0):
    n = len(first)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    a = np.tensordot(counts, first, axes=1)
    b = np.tensordot(counts, second, axes=1)
    return np.percentile(metrics.mean_iou(b) - metrics.mean_iou(a), [2.5, 97.5])
