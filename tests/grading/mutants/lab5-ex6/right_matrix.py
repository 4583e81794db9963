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
