# The vote is taken with all, and a moving winner is struck out afterwards.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    winner = counts.argmax(axis=0)
    return np.where(np.isin(winner, list(moving)), -1, winner)
