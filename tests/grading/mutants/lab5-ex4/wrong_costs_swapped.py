# The price of a wrong fine is put on a missed offence.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    costs = [
        ((shares >= t) & ~truth).sum() + wrong_fine * ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])
