import itertools


def improve(validation, test):
    best, bonus = -1, None
    for candidate in itertools.product(np.linspace(-0.5, 0.5, 9), repeat=2):
        candidate = (*candidate, 0)
        if miou(validation, candidate) > best:
            best, bonus = miou(validation, candidate), candidate
    return bonus, miou(test, bonus)
