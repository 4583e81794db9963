def cheapest(shares, truth, wrong_fine):
    best, least = np.inf, float(np.sum(truth))
    for threshold in sorted(set(shares.tolist()), reverse=True):
        reported = shares >= threshold
        cost = wrong_fine * float((reported & ~truth).sum()) + float((~reported & truth).sum())
        if cost < least - 1e-9:
            best, least = threshold, cost
    return best
