# Drawn without replacement, so every draw is the whole split.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    differences = []
    for _ in range(200):
        drawn = rng.permutation(len(first))
        a, b = (metrics.mean_iou(m[drawn].sum(axis=0)) for m in (first, second))
        differences.append(b - a)
    return np.quantile(differences, (0.025, 0.975))
