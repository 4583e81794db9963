def improve(validation, test):
    rng = np.random.default_rng(0)
    candidates = np.vstack([np.zeros((1, 3)), rng.uniform(-0.6, 0.6, (150, 3))])
    scores = [miou(validation, candidate) for candidate in candidates]
    chosen = candidates[np.argmax(scores)]
    return chosen, miou(test, chosen)
