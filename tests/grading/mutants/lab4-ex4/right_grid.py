def improve(validation, test):
    grid, chosen = np.arange(0.01, 1, 0.01), {}
    for name in validation:
        f1 = [mean_f1({name: validation[name]}, {name: t}) for t in grid]
        chosen[name] = grid[np.argmax(f1)]
    return chosen, mean_f1(test, chosen)
