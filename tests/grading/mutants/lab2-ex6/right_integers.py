def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    differences = []
    for _ in range(draws):
        drawn = rng.integers(len(first), size=len(first))
        a, b = first[drawn].sum(axis=0), second[drawn].sum(axis=0)
        differences.append(metrics.mean_iou(b) - metrics.mean_iou(a))
    return tuple(np.quantile(differences, [0.025, 0.975]))
