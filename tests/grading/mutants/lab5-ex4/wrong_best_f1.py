# The threshold with the best F1, whatever the price.
def cheapest(shares, truth, wrong_fine):
    thresholds = np.unique(shares)[::-1]
    f1 = []
    for t in thresholds:
        hit = ((shares >= t) & truth).sum()
        f1.append(2 * hit / ((shares >= t).sum() + truth.sum()))
    return float(thresholds[int(np.argmax(f1))])
