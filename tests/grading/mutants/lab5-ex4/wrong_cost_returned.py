# The cost instead of the threshold.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)
    return float(
        min(
            wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
            for t in thresholds
        )
    )
