def improve(validation, test):
    def score(split, bonus):
        probabilities, truth = split
        answer = np.argmax(probabilities + bonus, axis=-1)
        ious = []
        for label in range(3):
            union = ((answer == label) | (truth == label)).sum()
            ious.append(((answer == label) & (truth == label)).sum() / union)
        return np.mean(ious)

    trials = [np.array([a, b, 0.0]) for a in np.arange(-6, 7) / 10 for b in np.arange(-6, 7) / 10]
    chosen = trials[int(np.argmax([score(validation, trial) for trial in trials]))]
    return chosen, score(test, chosen)
