# Each network is scored on a draw of its own.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    scores = []
    for matrices in (first, second):
        drawn = rng.integers(0, len(first), (draws, len(first)))
        scores.append(metrics.mean_iou(matrices[drawn].sum(axis=1)))
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))
