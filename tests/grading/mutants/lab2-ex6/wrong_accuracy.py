# The difference of the accuracies.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first)))
    scores = [metrics.accuracy(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))
