def majority(labels, moving):
    values = np.arange(labels.max() + 1)
    votes = (labels[..., None] == values).sum(axis=0)
    votes[..., np.isin(values, list(moving))] = 0
    answer = votes.argmax(axis=-1)
    answer[votes.max(axis=-1) == 0] = -1
    return answer
