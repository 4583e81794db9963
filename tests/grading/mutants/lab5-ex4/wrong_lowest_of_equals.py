# Of equal costs the lowest threshold: in doubt, against the accused.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])
