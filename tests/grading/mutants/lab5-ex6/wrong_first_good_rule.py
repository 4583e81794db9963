# Any rule that reaches the recall will do: the first one is taken.
def improve(validation, test, recall=0.9):
    for rule in validation:
        if rule != "truth":
            for threshold in np.unique(validation[rule])[::-1]:
                if recall_and_alarms(validation, rule, threshold)[0] >= recall:
                    return rule, threshold, recall_and_alarms(test, rule, threshold)
