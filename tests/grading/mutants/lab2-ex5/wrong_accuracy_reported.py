# Accuracy is reported instead of the mIoU.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, float(((test[0] + np.array(best)).argmax(axis=-1) == test[1]).mean())
