# %% right alarms_then_recall: Alarms then recall.
def improve(validation, test, recall=0.9):
    best = None
    for rule in list(validation)[1:]:
        for threshold in validation[rule][validation["truth"]]:
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall and (best is None or (alarms, -reached) < best[0]):
                best = (alarms, -reached), rule, float(threshold)
    return best[1], best[2], np.array(recall_and_alarms(test, *best[1:]))


# %% right grid: Grid.
def improve(validation, test, recall=0.9):
    rules = [name for name in validation if name != "truth"]
    pairs = [(rule, t) for rule in rules for t in np.linspace(0, 1, 401)]
    good = [pair for pair in pairs if recall_and_alarms(validation, *pair)[0] >= recall]
    rule, threshold = min(good, key=lambda pair: recall_and_alarms(validation, *pair)[1])
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% right highest_threshold: Highest threshold.
def improve(validation, test, recall=0.9):
    truth, best = validation["truth"], None
    for rule in set(validation) - {"truth"}:
        guilty = np.sort(validation[rule][truth])[::-1]
        threshold = guilty[int(np.ceil(recall * len(guilty) - 1e-9)) - 1]
        alarms = (validation[rule][~truth] >= threshold).sum()
        if best is None or alarms < best[0]:
            best = alarms, rule, threshold
    _, rule, threshold = best
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% right loop: Loop.
def improve(validation, test, recall=0.9):
    fewest = len(validation["truth"]) + 1
    for rule, shares in validation.items():
        if rule == "truth":
            continue
        for threshold in sorted(shares, reverse=True):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                if alarms < fewest:
                    fewest, best = alarms, (rule, threshold)
                break
    return (*best, recall_and_alarms(test, *best))


# %% right matrix: Matrix.
def improve(validation, test, recall=0.9):
    def table(split, rule, thresholds):
        said = split[rule] >= np.reshape(thresholds, (-1, 1))
        return said[:, split["truth"]].mean(axis=1), said[:, ~split["truth"]].sum(axis=1)

    found = {}
    for rule in validation:
        if rule == "truth":
            continue
        thresholds = np.unique(validation[rule])
        reached, alarms = table(validation, rule, thresholds)
        alarms = np.where(reached >= recall, alarms, len(validation["truth"]))
        found[rule] = alarms.min(), thresholds[alarms.argmin()]
    rule = min(found, key=lambda name: found[name][0])
    reached, alarms = table(test, rule, [found[rule][1]])
    return rule, found[rule][1], [reached[0], alarms[0]]


# %% wrong alarms_as_share: The report has the share of innocent vehicles instead of their number.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    reached, alarms = recall_and_alarms(test, rule, threshold)
    return rule, threshold, (reached, alarms / (~test["truth"]).sum())


# %% wrong always_nine_tenths: The recall is 0.9, whatever is asked.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= 0.9:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong at_most_the_recall: The recall may not be reached instead of having to be.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached <= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong best_f1: The best F1, which asks for no recall.
def improve(validation, test, recall=0.9):
    best = (-1, "", 0)
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            offences = validation["truth"].sum()
            hits = reached * offences
            best = max(best, (2 * hits / (offences + hits + alarms), rule, threshold))
    return best[1], best[2], recall_and_alarms(test, best[1], best[2])


# %% wrong both_splits_choose: All cameras choose together.
def improve(validation, test, recall=0.9):
    both = {name: np.concatenate([validation[name], test[name]]) for name in validation}
    options = []
    for rule in (name for name in both if name != "truth"):
        for threshold in np.unique(both[rule]):
            reached, alarms = recall_and_alarms(both, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong box_rule_only: Only the threshold of the box rule is chosen.
def improve(validation, test, recall=0.9):
    options = []
    for rule in ("box",):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong chosen_on_test: The test cameras choose what they are to judge.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(test[rule]):
            reached, alarms = recall_and_alarms(test, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong first_good_rule: Any rule that reaches the recall will do: the first one is taken.
def improve(validation, test, recall=0.9):
    for rule in validation:
        if rule != "truth":
            for threshold in np.unique(validation[rule])[::-1]:
                if recall_and_alarms(validation, rule, threshold)[0] >= recall:
                    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong footprint_rule_only: The footprint rule, because it was the best in section 2.
def improve(validation, test, recall=0.9):
    options = []
    for rule in ("footprint",):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong hard_coded: Rule and threshold that are best for the vehicles of the visible check.
def improve(validation, test, recall=0.9):
    return "contact", 0.4, recall_and_alarms(test, "contact", 0.4)


# %% wrong most_alarms: The most false alarms are taken for the fewest.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = max(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong recall_forgotten: The fewest false alarms, whatever is missed.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            alarms = recall_and_alarms(validation, rule, threshold)[1]
            options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong recall_only: The highest recall, whatever it costs.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached = recall_and_alarms(validation, rule, threshold)[0]
            options.append((reached, rule, float(threshold)))
    _, rule, threshold = max(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong report_swapped: False alarms first, recall second.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)[::-1]


# %% wrong seen_only: Vehicles that the detector missed are left out, so the recall comes out too high.
def improve(validation, test, recall=0.9):
    def count(split, rule, threshold):
        seen = split[rule] >= 0
        said, truth = split[rule][seen] >= threshold, split["truth"][seen]
        return said[truth].mean(), (said & ~truth).sum()

    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = count(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, threshold))
    _, rule, threshold = min(options)
    return rule, threshold, count(test, rule, threshold)


# %% wrong threshold_one_half: The rule is chosen, the threshold stays one half.
def improve(validation, test, recall=0.9):
    rules = [name for name in validation if name != "truth"]
    rule = min(rules, key=lambda name: recall_and_alarms(validation, name, 0.5)[1])
    return rule, 0.5, recall_and_alarms(test, rule, 0.5)


# %% wrong validation_reported: What the validation cameras say is reported.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(validation, rule, threshold)


# %% wrong recall_on_test_too: The recall must be reached on test as well.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            also, _ = recall_and_alarms(test, rule, threshold)
            if reached >= recall and also >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)


# %% wrong equals_by_test: Of choices that are nearly equal on validation the best one on test.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                on_test = recall_and_alarms(test, rule, threshold)[1]
                options.append((alarms, on_test, rule, float(threshold)))
    near = [option for option in options if option[0] <= min(options)[0] + 1]
    _, _, rule, threshold = min(near, key=lambda option: option[1])
    return rule, threshold, recall_and_alarms(test, rule, threshold)
