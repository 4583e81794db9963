# The footprint rule, because it was the best in section 2.
def improve(validation, test, recall=0.9):
    options = []
    for rule in ("footprint",):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)
