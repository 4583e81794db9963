# Of equal counts the larger label wins.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    winner = len(counts) - 1 - counts[::-1].argmax(axis=0)
    return np.where(counts.any(axis=0), winner, -1)
