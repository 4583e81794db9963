def improve(validation, test):
    rng = np.random.default_rng(0)
    chosen = {name: 0.5 for name in validation}
    for name in chosen:
        candidates = 1 / (1 + np.exp(-rng.uniform(-5, 5, 300)))
        f1 = [mean_f1({name: validation[name]}, {name: t}) for t in candidates]
        chosen[name] = float(candidates[int(np.argmax(f1))])
    return chosen, mean_f1(test, chosen)
