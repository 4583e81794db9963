# The highest recall, whatever it costs.
def improve(validation, test, recall=0.9):
    options = []
    for rule in (name for name in validation if name != "truth"):
        for threshold in np.unique(validation[rule]):
            reached = recall_and_alarms(validation, rule, threshold)[0]
            options.append((reached, rule, float(threshold)))
    _, rule, threshold = max(options)
    return rule, threshold, recall_and_alarms(test, rule, threshold)
