# %% right grid: Grid.
import itertools


def improve(validation, test):
    best, bonus = -1, None
    for candidate in itertools.product(np.linspace(-0.5, 0.5, 9), repeat=2):
        candidate = (*candidate, 0)
        if miou(validation, candidate) > best:
            best, bonus = miou(validation, candidate), candidate
    return bonus, miou(test, bonus)


# %% right one_class_after_the_other: One class after the other.
def improve(validation, test):
    bonus = np.zeros(3)
    for _ in range(2):
        for label in range(3):
            trials = [bonus + step * np.eye(3)[label] for step in np.linspace(-0.6, 0.6, 13)]
            bonus = max(trials, key=lambda trial: miou(validation, trial))
    return bonus.tolist(), miou(test, bonus)


# %% right own_score: Own score.
def improve(validation, test):
    def score(split, bonus):
        probabilities, truth = split
        answer = np.argmax(probabilities + bonus, axis=-1)
        ious = []
        for label in range(3):
            union = ((answer == label) | (truth == label)).sum()
            ious.append(((answer == label) & (truth == label)).sum() / union)
        return np.mean(ious)

    trials = [np.array([a, b, 0.0]) for a in np.arange(-6, 7) / 10 for b in np.arange(-6, 7) / 10]
    chosen = trials[int(np.argmax([score(validation, trial) for trial in trials]))]
    return chosen, score(test, chosen)


# %% right random_search: Random search.
def improve(validation, test):
    rng = np.random.default_rng(0)
    candidates = np.vstack([np.zeros((1, 3)), rng.uniform(-0.6, 0.6, (150, 3))])
    scores = [miou(validation, candidate) for candidate in candidates]
    chosen = candidates[np.argmax(scores)]
    return chosen, miou(test, chosen)


# %% right whole_matrix: Whole matrix.
def improve(validation, test):
    steps = (0, 0.15, 0.3, 0.45, 0.6)
    trials = [(a, b, c) for a in steps for b in steps for c in steps]
    scores = {}
    for trial in trials:
        answer = np.argmax(validation[0] + np.array(trial), axis=3)
        scores[trial] = metrics.mean_iou(metrics.confusion_matrix(validation[1], answer, 3))
    bonus = max(scores, key=scores.get)
    return bonus, miou(test, bonus)


# %% wrong accuracy_reported: Accuracy is reported instead of the mIoU.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, float(((test[0] + np.array(best)).argmax(axis=-1) == test[1]).mean())


# %% wrong border_only: Only the border's bonus is tried, because the practice network is shy of it.
def improve(validation, test):
    grid = [(0, 0, c) for c in np.linspace(0, 0.6, 13)]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, miou(test, best)


# %% wrong both_splits_choose: Validation and test choose together.
def improve(validation, test):
    both = tuple(np.concatenate(parts) for parts in zip(validation, test, strict=True))
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(both, bonus))
    return best, miou(test, best)


# %% wrong chosen_on_test: The test split chooses the bonus that it is scored with.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(test, bonus))
    return best, miou(test, best)


# %% wrong hard_coded: The bonus that is best for the practice network.
def improve(validation, test):
    return (0, 0.3, 0.6), miou(test, (0, 0.3, 0.6))


# %% wrong mean_of_pictures: The mean of the pictures' own mIoUs is reported, not the mIoU over all pixels.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, np.mean([miou((p[None], t[None]), best) for p, t in zip(*test, strict=True)])


# %% wrong nothing_done: No bonus at all.
def improve(validation, test):
    return (0, 0, 0), miou(test, (0, 0, 0))


# %% wrong order_swapped: Score first, bonus second.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return miou(test, best), best


# %% wrong validation_reported: The score of the split that chose is reported.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, miou(validation, best)


# %% wrong without_the_bonus: The test score without the bonus.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, miou(test, (0, 0, 0))


# %% wrong worst: The smallest score is taken for the best.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = min(grid, key=lambda bonus: miou(validation, bonus))
    return best, miou(test, best)


# %% wrong a_tenth_for_test: Test has a tenth of the say.
def improve(validation, test):
    g = np.linspace(0, 0.6, 7)
    grid = [(x, y, z) for x in g for y in g for z in g if min(x, y, z) == 0]
    best = max(grid, key=lambda b: 0.9 * miou(validation, b) + 0.1 * miou(test, b))
    return best, miou(test, best)


# %% wrong test_chooses_among_the_best: Validation gives the five best, test chooses among them.
def improve(validation, test):
    g = np.linspace(0, 0.6, 7)
    grid = [(x, y, z) for x in g for y in g for z in g if min(x, y, z) == 0]
    top = sorted(grid, key=lambda b: -miou(validation, b))[:5]
    best = max(top, key=lambda b: miou(test, b))
    return best, miou(test, best)


# %% wrong one_test_picture: One picture of test helps to choose.
def improve(validation, test):
    more = [np.concatenate([v, t[:1]]) for v, t in zip(validation, test)]
    g = np.linspace(0, 0.6, 7)
    grid = [(x, y, z) for x in g for y in g for z in g if min(x, y, z) == 0]
    best = max(grid, key=lambda b: miou(more, b))
    return best, miou(test, best)
