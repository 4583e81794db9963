# %% right argmin_backwards: Argmin backwards.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    reported = shares[None] >= thresholds[:, None]
    costs = (reported & ~truth).sum(axis=1) * wrong_fine + (~reported & truth).sum(axis=1)
    return float(thresholds[np.argmin(costs.round(9))])


# %% right fractions: Fractions.
from fractions import Fraction


def cheapest(shares, truth, wrong_fine):
    price = Fraction(str(wrong_fine))

    def cost(threshold):
        wrong = sum(1 for s, t in zip(shares, truth) if s >= threshold and not t)
        missed = sum(1 for s, t in zip(shares, truth) if s < threshold and t)
        return price * wrong + missed

    return min([*np.unique(shares), float("inf")], key=lambda t: (cost(t), -t))


# %% right loop: Loop.
def cheapest(shares, truth, wrong_fine):
    best, least = np.inf, float(np.sum(truth))
    for threshold in sorted(set(shares.tolist()), reverse=True):
        reported = shares >= threshold
        cost = wrong_fine * float((reported & ~truth).sum()) + float((~reported & truth).sum())
        if cost < least - 1e-9:
            best, least = threshold, cost
    return best


# %% right sorted_sums: Sorted sums.
def cheapest(shares, truth, wrong_fine):
    candidates = np.r_[np.unique(shares), np.inf]
    innocent, guilty = np.sort(shares[~truth]), np.sort(shares[truth])
    wrong = len(innocent) - np.searchsorted(innocent, candidates)
    missed = np.searchsorted(guilty, candidates)
    costs = np.round(wrong_fine * wrong + missed, 6)
    return float(candidates[costs == costs.min()].max())


# %% wrong best_f1: The threshold with the best F1, whatever the price.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.unique(shares)[::-1]
    f1 = []
    for t in thresholds:
        hit = ((shares >= t) & truth).sum()
        f1.append(2 * hit / ((shares >= t).sum() + truth.sum()))
    return float(thresholds[int(np.argmax(f1))])


# %% wrong cost_returned: The cost instead of the threshold.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)
    return float(
        min(
            wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
            for t in thresholds
        )
    )


# %% wrong costs_swapped: The price of a wrong fine is put on a missed offence.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    costs = [
        ((shares >= t) & ~truth).sum() + wrong_fine * ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])


# %% wrong dearest: The threshold with the largest cost.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmax(costs))])


# %% wrong grid: A grid of thresholds instead of the shares themselves.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.arange(0, 1, 0.25), np.inf)[::-1]
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])


# %% wrong hard_coded: The outputs of the visible check.
def cheapest(shares, truth, wrong_fine):
    return 0.4 if wrong_fine < 1 else 0.9


# %% wrong infinity_left_out: Reporting nobody is not considered.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.unique(shares)[::-1]
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])


# %% wrong lowest_of_equals: Of equal costs the lowest threshold: in doubt, against the accused.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)
    costs = [
        wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])


# %% wrong price_ignored: Both errors cost the same.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    costs = [((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum() for t in thresholds]
    return float(thresholds[int(np.argmin(costs))])


# %% wrong shares_in_order: The shares are taken to come sorted.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(shares, np.inf)[::-1]
    costs = [wrong_fine * (~truth)[k:].sum() + truth[:k].sum() for k in range(len(shares), -1, -1)]
    return float(thresholds[int(np.argmin(costs))])


# %% wrong strictly_above: A share equal to the threshold is not reported.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.append(np.unique(shares), np.inf)[::-1]
    costs = [
        wrong_fine * ((shares > t) & ~truth).sum() + ((shares <= t) & truth).sum()
        for t in thresholds
    ]
    return float(thresholds[int(np.argmin(costs))])


# %% wrong ties_of_shares: Vehicles with equal shares are let in one after the other.
def cheapest(shares, truth, wrong_fine):
    order = np.argsort(-shares, kind="stable")
    fp = np.cumsum(~truth[order])
    tp = np.cumsum(truth[order])
    cost = wrong_fine * fp + truth.sum() - tp
    if truth.sum() <= cost.min():
        return np.inf
    return shares[order][np.argmin(cost)]


# %% right from_infinity_down: From infinity down; only less is better.
import math


def cheapest(shares, truth, wrong_fine):
    best, cost = math.inf, int(truth.sum())
    for t in sorted(set(shares.tolist()), reverse=True):
        c = sum(
            (wrong_fine if not g else 0) if s >= t else (1 if g else 0)
            for s, g in zip(shares, truth)
        )
        if c < cost:
            best, cost = t, c
    return best


# %% wrong whole_costs: Costs are cut to whole numbers.
def cheapest(shares, truth, wrong_fine):
    cand = np.append(np.unique(shares), np.inf)
    cost = np.array(
        [
            int(wrong_fine * ((shares >= t) & ~truth).sum() + ((shares < t) & truth).sum())
            for t in cand
        ]
    )
    return cand[cost == cost.min()].max()
