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
