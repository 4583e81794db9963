def cheapest(shares, truth, wrong_fine):
    candidates = np.r_[np.unique(shares), np.inf]
    innocent, guilty = np.sort(shares[~truth]), np.sort(shares[truth])
    wrong = len(innocent) - np.searchsorted(innocent, candidates)
    missed = np.searchsorted(guilty, candidates)
    costs = np.round(wrong_fine * wrong + missed, 6)
    return float(candidates[costs == costs.min()].max())
