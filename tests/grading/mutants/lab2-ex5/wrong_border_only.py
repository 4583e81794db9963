# Only the border's bonus is tried, because the practice network is shy of it.
def improve(validation, test):
    grid = [(0, 0, c) for c in np.linspace(0, 0.6, 13)]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, miou(test, best)
