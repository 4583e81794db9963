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
