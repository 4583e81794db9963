# %% right between_two_scores: Between two scores.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        best, hits, chosen[name] = 0, 0, 1.0
        for k in range(len(scores)):
            hits += right[k]
            f1 = 2 * hits / (k + 1 + objects)
            if f1 > best:
                below = scores[k + 1] if k + 1 < len(scores) else 0
                best, chosen[name] = f1, (scores[k] + below) / 2
    return chosen, mean_f1(test, chosen)


# %% right grid: Grid.
def improve(validation, test):
    grid, chosen = np.arange(0.01, 1, 0.01), {}
    for name in validation:
        f1 = [mean_f1({name: validation[name]}, {name: t}) for t in grid]
        chosen[name] = grid[np.argmax(f1)]
    return chosen, mean_f1(test, chosen)


# %% right one_class_after_the_other: One class after the other.
def improve(validation, test):
    chosen = {name: 0.5 for name in validation}
    for name in chosen:
        trials = [{**chosen, name: float(t)} for t in validation[name][0]]
        chosen = max(trials, key=lambda trial: mean_f1(validation, trial))
    return chosen, mean_f1(test, chosen)


# %% right precision_and_recall: Precision and recall.
def improve(validation, test):
    def f1(scores, right, objects, threshold):
        said = scores >= threshold
        hits = (said & right).sum()
        if hits == 0:
            return 0.0
        precision, recall = hits / said.sum(), hits / objects
        return 2 * precision * recall / (precision + recall)

    chosen, reported = {}, []
    for name, (scores, right, objects) in validation.items():
        values = [f1(scores, right, objects, t) for t in scores]
        chosen[name] = scores[int(np.argmax(values))]
        reported.append(f1(*test[name], chosen[name]))
    return chosen, sum(reported) / len(reported)


# %% right random_search: Random search.
def improve(validation, test):
    rng = np.random.default_rng(0)
    chosen = {name: 0.5 for name in validation}
    for name in chosen:
        candidates = 1 / (1 + np.exp(-rng.uniform(-5, 5, 300)))
        f1 = [mean_f1({name: validation[name]}, {name: t}) for t in candidates]
        chosen[name] = float(candidates[int(np.argmax(f1))])
    return chosen, mean_f1(test, chosen)


# %% wrong all_classes_in_one_f1: One F1 of all classes together is reported instead of the mean of the classes'.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        chosen[name] = float(scores[f1.argmax()])

    said = {name: test[name][0] >= t for name, t in chosen.items()}
    hits = sum(test[name][1][said[name]].sum() for name in said)
    total = sum(said[name].sum() + test[name][2] for name in said)
    return chosen, float(2 * hits / total)


# %% wrong best_precision: The threshold with the highest precision: hardly anything is believed.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        precision = np.cumsum(right) / np.arange(1, len(scores) + 1)
        chosen[name] = float(scores[precision.argmax()])
    return chosen, mean_f1(test, chosen)


# %% wrong best_recall: The threshold with the highest recall: everything is believed.
def improve(validation, test):
    chosen = {name: float(scores.min()) for name, (scores, right, objects) in validation.items()}
    return chosen, mean_f1(test, chosen)


# %% wrong better_one_reported: The better of the two scores is reported.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        chosen[name] = float(scores[f1.argmax()])
    return chosen, max(mean_f1(split, chosen) for split in (validation, test))


# %% wrong both_splits_choose: Validation and test choose together.
def improve(validation, test):
    grid, chosen = np.linspace(0.01, 0.99, 99), {}
    for name in validation:
        both = [
            mean_f1({name: validation[name]}, {name: t}) + mean_f1({name: test[name]}, {name: t})
            for t in grid
        ]
        chosen[name] = grid[np.argmax(both)]
    return chosen, mean_f1(test, chosen)


# %% wrong chosen_on_test: The test split chooses the thresholds that it is scored with.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in test.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        chosen[name] = float(scores[f1.argmax()])
    return chosen, mean_f1(test, chosen)


# %% wrong hard_coded: The thresholds that are best for the detector of the visible check.
def improve(validation, test):
    chosen = {"car": 0.523, "van": 0.23, "person": 0.068}
    return chosen, mean_f1(test, chosen)


# %% wrong median_score: The median score of the right detections, which throws half of them away.
def improve(validation, test):
    chosen = {name: float(np.median(s[right])) for name, (s, right, _) in validation.items()}
    return chosen, mean_f1(test, chosen)


# %% wrong nothing_done: One half for every class, as before.
def improve(validation, test):
    chosen = dict.fromkeys(validation, 0.5)
    return chosen, mean_f1(test, chosen)


# %% wrong number_instead_of_score: The place in the list is taken for the threshold.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        chosen[name] = int(f1.argmax())
    return chosen, mean_f1(test, chosen)


# %% wrong old_score_reported: The test score with one half for all is reported.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        chosen[name] = float(scores[f1.argmax()])
    return chosen, mean_f1(test, dict.fromkeys(chosen, 0.5))


# %% wrong one_for_all: The best single threshold, the same for every class.
def improve(validation, test):
    grid = np.linspace(0.01, 0.99, 99)
    best = max(grid, key=lambda t: mean_f1(validation, dict.fromkeys(validation, t)))
    chosen = dict.fromkeys(validation, float(best))
    return chosen, mean_f1(test, chosen)


# %% wrong order_swapped: Score first, thresholds second.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        chosen[name] = float(scores[f1.argmax()])
    return mean_f1(test, chosen), chosen


# %% wrong recall_over_the_detections: Recall over the right detections instead of over the objects, in the report, too.
def improve(validation, test):
    def f1(split, name, threshold):
        scores, right, _ = split[name]
        said = scores >= threshold
        precision, recall = right[said].mean(), right[said].sum() / right.sum()
        return 2 * precision * recall / (precision + recall) if recall else 0

    chosen = {
        name: max(validation[name][0], key=lambda t, name=name: f1(validation, name, t))
        for name in validation
    }
    return chosen, float(np.mean([f1(test, name, t) for name, t in chosen.items()]))


# %% wrong validation_reported: The score of the split that chose is reported.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        chosen[name] = float(scores[f1.argmax()])
    return chosen, mean_f1(validation, chosen)


# %% wrong worst: The smallest F1 is taken for the best.
def improve(validation, test):
    chosen = {
        name: min(parts[0], key=lambda t, n=name, p=parts: mean_f1({n: p}, {n: t}))
        for name, parts in validation.items()
    }
    return chosen, mean_f1(test, chosen)


# %% wrong test_breaks_ties: Where validation hardly minds, test decides.
def improve(validation, test):
    chosen = {}
    for name, parts in validation.items():
        scored = [(mean_f1({name: parts}, {name: t}), t) for t in parts[0][::3]]
        near = [t for f1, t in scored if f1 > max(scored)[0] - 0.01]
        chosen[name] = float(max(near, key=lambda t: mean_f1({name: test[name]}, {name: t})))
    return chosen, mean_f1(test, chosen)


# %% wrong veto_of_test: A threshold is taken back where it does not help on test.
def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + objects)
        t = float(scores[f1.argmax()])
        old, new = (mean_f1({name: test[name]}, {name: v}) for v in (0.5, t))
        chosen[name] = t if new >= old else 0.5
    return chosen, mean_f1(test, chosen)
