def count_right(overlaps, threshold=0.5):
    if 0 in overlaps.shape:
        return 0
    first, rest = overlaps[0], overlaps[1:]
    best = int(np.argmax(first))
    if first[best] < threshold:
        return count_right(rest, threshold)
    return 1 + count_right(np.delete(rest, best, axis=1), threshold)
