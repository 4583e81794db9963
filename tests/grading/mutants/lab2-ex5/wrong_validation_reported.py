# The score of the split that chose is reported.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, miou(validation, best)
