# Counted along the rows instead of the pictures.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=1) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)
