def improve(validation, test):
    bonus = np.zeros(3)
    for _ in range(2):
        for label in range(3):
            trials = [bonus + step * np.eye(3)[label] for step in np.linspace(-0.6, 0.6, 13)]
            bonus = max(trials, key=lambda trial: miou(validation, trial))
    return bonus.tolist(), miou(test, bonus)
