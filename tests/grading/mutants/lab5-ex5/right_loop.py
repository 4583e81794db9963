def majority(labels, moving):
    _frames, height, width = labels.shape
    result = np.full((height, width), -1)
    for y in range(height):
        for x in range(width):
            votes = [int(v) for v in labels[:, y, x] if int(v) not in moving]
            if votes:
                result[y, x] = min(set(votes), key=lambda v: (-votes.count(v), v))
    return result
