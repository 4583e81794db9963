def majority(labels, moving):
    best = np.full(labels.shape[1:], -1)
    most = np.zeros(labels.shape[1:], int)
    for label in np.unique(labels):
        if label in moving:
            continue
        count = (labels == label).sum(axis=0)
        better = count > most
        best[better], most[better] = label, count[better]
    return best
