# The shares are taken to come sorted.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(shares, np.inf)[::-1]
    costs = [wrong_fine * (~truth)[k:].sum() + truth[:k].sum() for k in range(len(shares), -1, -1)]
    return float(thresholds[int(np.argmin(costs))])
