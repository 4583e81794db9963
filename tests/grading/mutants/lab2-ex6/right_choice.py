def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    differences = np.empty(draws)
    for number in range(draws):
        drawn = rng.choice(len(first), len(first), replace=True)
        scores = [metrics.mean_iou(m[drawn].sum(0)) for m in (second, first)]
        differences[number] = scores[0] - scores[1]
    differences.sort()
    return differences[int(0.025 * draws)], differences[int(0.975 * draws) - 1]
