def improve(validation, test, recall=0.9):
    rules = [name for name in validation if name != "truth"]
    pairs = [(rule, t) for rule in rules for t in np.linspace(0, 1, 401)]
    good = [pair for pair in pairs if recall_and_alarms(validation, *pair)[0] >= recall]
    rule, threshold = min(good, key=lambda pair: recall_and_alarms(validation, *pair)[1])
    return rule, threshold, recall_and_alarms(test, rule, threshold)
