def improve(validation, test):
    steps = (0, 0.15, 0.3, 0.45, 0.6)
    trials = [(a, b, c) for a in steps for b in steps for c in steps]
    scores = {}
    for trial in trials:
        answer = np.argmax(validation[0] + np.array(trial), axis=3)
        scores[trial] = metrics.mean_iou(metrics.confusion_matrix(validation[1], answer, 3))
    bonus = max(scores, key=scores.get)
    return bonus, miou(test, bonus)
