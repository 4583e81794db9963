# %% right best_so_far: Best so far.
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


# %% right bincount: Bincount.
def majority(labels, moving):
    def winner(column):
        column = column[~np.isin(column, list(moving))]
        return np.bincount(column).argmax() if column.size else -1

    return np.apply_along_axis(winner, 0, labels)


# %% right loop: Loop.
def majority(labels, moving):
    _frames, height, width = labels.shape
    result = np.full((height, width), -1)
    for y in range(height):
        for x in range(width):
            votes = [int(v) for v in labels[:, y, x] if int(v) not in moving]
            if votes:
                result[y, x] = min(set(votes), key=lambda v: (-votes.count(v), v))
    return result


# %% right one_hot: One hot.
def majority(labels, moving):
    values = np.arange(labels.max() + 1)
    votes = (labels[..., None] == values).sum(axis=0)
    votes[..., np.isin(values, list(moving))] = 0
    answer = votes.argmax(axis=-1)
    answer[votes.max(axis=-1) == 0] = -1
    return answer


# %% wrong absent_moving_fails: A moving label that no picture shows ends in an error.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[sorted(moving)] = 0
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)


# %% wrong hard_coded: The output of the visible check.
def majority(labels, moving):
    return np.array([[1, -1, 2]])


# %% wrong label_0_forgotten: Label 0 has no vote.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[[0, *(k for k in moving if k < len(counts))]] = 0
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)


# %% wrong larger_of_equals: Of equal counts the larger label wins.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    winner = len(counts) - 1 - counts[::-1].argmax(axis=0)
    return np.where(counts.any(axis=0), winner, -1)


# %% wrong last_picture: The last picture that shows something still.
def majority(labels, moving):
    result = np.full(labels.shape[1:], -1)
    for picture in labels:
        still = ~np.isin(picture, list(moving))
        result[still] = picture[still]
    return result


# %% wrong median: The median of the labels, which may be a label that no picture gives.
def majority(labels, moving):
    still = np.where(np.isin(labels, list(moving)), np.nan, labels.astype(float))
    return np.nan_to_num(np.nanmedian(still, axis=0), nan=-1).astype(int)


# %% wrong more_than_half: Only a label with more than half of the votes wins.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    return np.where(counts.max(axis=0) * 2 > len(labels), counts.argmax(axis=0), -1)


# %% wrong moving_becomes_unknown: The vote is taken with all, and a moving winner is struck out afterwards.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    winner = counts.argmax(axis=0)
    return np.where(np.isin(winner, list(moving)), -1, winner)


# %% wrong moving_votes: Everything votes.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    return counts.argmax(axis=0)


# %% wrong unknown_is_zero: A pixel without votes gets 0.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    return counts.argmax(axis=0)


# %% wrong wrong_axis: Counted along the rows instead of the pictures.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=1) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)


# %% right pixel_by_pixel: A counter for each pixel.
from collections import Counter


def majority(labels, moving):
    out = np.full(labels.shape[1:], -1)
    for y, x in np.ndindex(*out.shape):
        votes = Counter(v for v in labels[:, y, x].tolist() if v not in moving)
        if votes:
            out[y, x] = min(votes, key=lambda v: (-votes[v], v))
    return out


# %% wrong ten_classes: Labels from 0 to 9 only.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0) for k in range(10)])
    counts[[k for k in moving if k < 10]] = 0
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)


# %% wrong moving_is_last: Moving labels are thought to be the highest ones.
def majority(labels, moving):
    top = min(moving, default=labels.max() + 1)
    counts = np.stack([(labels == k).sum(axis=0) for k in range(max(top, 1))])
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)


# %% wrong minus_one_votes: What moves becomes -1, and -1 may win.
def majority(labels, moving):
    still = np.where(np.isin(labels, list(moving)), -1, labels)
    kinds = np.unique(still)
    counts = np.stack([(still == k).sum(axis=0) for k in kinds])
    return kinds[counts.argmax(axis=0)]


# %% wrong one_moving: Only one of the moving labels loses its vote.
def majority(labels, moving):
    skip = max(moving, default=-5)
    n = labels.max() + 1
    counts = np.stack([(labels == k).sum(axis=0) * (k != skip) for k in range(n)])
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)


# %% wrong votes_in_a_byte: Votes are counted in a byte, so more than 255 wrap round.
def majority(labels, moving):
    counts = np.stack([(labels == k).sum(axis=0, dtype=np.uint8) for k in range(labels.max() + 1)])
    counts[[k for k in moving if k < len(counts)]] = 0
    return np.where(counts.any(axis=0), counts.argmax(axis=0), -1)
