# Only half as many pictures are drawn, which makes the interval too wide.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first) // 2))
    scores = [metrics.mean_iou(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))
