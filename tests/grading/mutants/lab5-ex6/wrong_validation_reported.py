# What the validation cameras say is reported.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall:
                options.append((alarms, rule, float(threshold)))
    _, rule, threshold = min(options)
    return rule, threshold, recall_and_alarms(validation, rule, threshold)
