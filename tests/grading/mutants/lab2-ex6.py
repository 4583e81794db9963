# %% right choice: Choice.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    differences = np.empty(draws)
    for number in range(draws):
        drawn = rng.choice(len(first), len(first), replace=True)
        scores = [metrics.mean_iou(m[drawn].sum(0)) for m in (second, first)]
        differences[number] = scores[0] - scores[1]
    differences.sort()
    return differences[int(0.025 * draws)], differences[int(0.975 * draws) - 1]


# %% right integers: Integers.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    differences = []
    for _ in range(draws):
        drawn = rng.integers(len(first), size=len(first))
        a, b = first[drawn].sum(axis=0), second[drawn].sum(axis=0)
        differences.append(metrics.mean_iou(b) - metrics.mean_iou(a))
    return tuple(np.quantile(differences, [0.025, 0.975]))


# %% right multinomial: Multinomial.
def difference_interval(first, second, draws=4000, seed=0):
    n = len(first)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    a = np.tensordot(counts, first, axes=1)
    b = np.tensordot(counts, second, axes=1)
    return np.percentile(metrics.mean_iou(b) - metrics.mean_iou(a), [2.5, 97.5])


# %% right stacked: Stacked.
def difference_interval(first, second, draws=4000, seed=0):
    both = np.stack([first, second], axis=1)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(both), (draws, len(both)))
    sums = both[drawn].sum(axis=1)
    low, high = np.quantile(
        metrics.mean_iou(sums[:, 1]) - metrics.mean_iou(sums[:, 0]), (0.025, 0.975)
    )
    return [float(low), float(high)]


# %% wrong a_draw_for_each: Each network is scored on a draw of its own.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    scores = []
    for matrices in (first, second):
        drawn = rng.integers(0, len(first), (draws, len(first)))
        scores.append(metrics.mean_iou(matrices[drawn].sum(axis=1)))
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))


# %% wrong accuracy: The difference of the accuracies.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first)))
    scores = [metrics.accuracy(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))


# %% wrong extremes: The smallest and the largest difference instead of the quantiles.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first)))
    scores = [metrics.mean_iou(m[drawn].sum(axis=1)) for m in (first, second)]
    return (scores[1] - scores[0]).min(), (scores[1] - scores[0]).max()


# %% wrong half_the_pictures: Only half as many pictures are drawn, which makes the interval too wide.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first) // 2))
    scores = [metrics.mean_iou(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))


# %% wrong intervals_subtracted: The ends of the two networks' own intervals are subtracted.
def difference_interval(first, second, draws=4000, seed=0):
    a = metrics.bootstrap_interval(first, metrics.mean_iou)
    b = metrics.bootstrap_interval(second, metrics.mean_iou)
    return b[0] - a[0], b[1] - a[1]


# %% wrong last_picture_never_drawn: The last picture can never be drawn.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first) - 1, (draws, len(first)))
    scores = [metrics.mean_iou(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))


# %% wrong mean_of_pictures: The mean of the pictures' own mIoUs instead of the mIoU of all pixels drawn.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first)))
    gain = metrics.mean_iou(second) - metrics.mean_iou(first)
    return np.quantile(gain[drawn].mean(axis=1), (0.025, 0.975))


# %% wrong ninety_percent: 5 % cut off at each end.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first)))
    scores = [metrics.mean_iou(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[1] - scores[0], (0.05, 0.95))


# %% wrong normal_of_pictures: Mean and 1.96 standard deviations of the pictures themselves.
def difference_interval(first, second, draws=4000, seed=0):
    gain = metrics.mean_iou(second) - metrics.mean_iou(first)
    return gain.mean() - 1.96 * gain.std(), gain.mean() + 1.96 * gain.std()


# %% wrong sign: First minus second.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(first), (draws, len(first)))
    scores = [metrics.mean_iou(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[0] - scores[1], (0.025, 0.975))


# %% wrong without_replacement: Drawn without replacement, so every draw is the whole split.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    differences = []
    for _ in range(200):
        drawn = rng.permutation(len(first))
        a, b = (metrics.mean_iou(m[drawn].sum(axis=0)) for m in (first, second))
        differences.append(b - a)
    return np.quantile(differences, (0.025, 0.975))


# %% wrong forty_pictures: The number of pictures of the visible check is drawn, whatever there is.
def difference_interval(first, second, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 40, (draws, 40))
    scores = [metrics.mean_iou(m[drawn].sum(axis=1)) for m in (first, second)]
    return np.quantile(scores[1] - scores[0], (0.025, 0.975))
