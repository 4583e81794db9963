# The threshold with the largest cost.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmax(costs))])
