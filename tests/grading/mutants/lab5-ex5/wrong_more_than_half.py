# Only a label with more than half of the votes wins.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    return np.where(counts.max(axis=0) * 2 > len(labels), counts.argmax(axis=0), -1)
