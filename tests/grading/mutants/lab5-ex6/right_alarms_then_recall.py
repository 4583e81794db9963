def improve(validation, test, recall=0.9):
    best = None
    for rule in list(validation)[1:]:
        for threshold in validation[rule][validation["truth"]]:
            reached, alarms = recall_and_alarms(validation, rule, threshold)
            if reached >= recall and (best is None or (alarms, -reached) < best[0]):
                best = (alarms, -reached), rule, float(threshold)
    return best[1], best[2], np.array(recall_and_alarms(test, *best[1:]))
