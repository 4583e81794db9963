def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    reported = shares[None] >= thresholds[:, None]
    costs = (reported & ~truth).sum(axis=1) * wrong_fine + (~reported & truth).sum(axis=1)
    return float(thresholds[np.argmin(costs.round(9))])
