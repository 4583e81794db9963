# The mean of the pictures' own mIoUs is reported, not the mIoU over all pixels.
def improve(validation, test):
    steps = np.linspace(0, 0.6, 7)
    grid = [(a, b, c) for a in steps for b in steps for c in steps]
    best = max(grid, key=lambda bonus: miou(validation, bonus))
    return best, np.mean([miou((p[None], t[None]), best) for p, t in zip(*test, strict=True)])
