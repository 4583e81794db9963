# Reporting nobody is not considered.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.unique(shares)[::-1]
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])
