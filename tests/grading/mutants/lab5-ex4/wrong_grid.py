# A grid of thresholds instead of the shares themselves.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.arange(0, 1, 0.25), np.inf)[::-1]
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])
