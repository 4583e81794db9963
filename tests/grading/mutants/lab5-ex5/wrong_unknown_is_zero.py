# A pixel without votes gets 0.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    return counts.argmax(axis=0)
