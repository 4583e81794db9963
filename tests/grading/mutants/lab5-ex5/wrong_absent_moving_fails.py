# A moving label that no picture shows ends in an error.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[sorted(moving)] = 0
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)
