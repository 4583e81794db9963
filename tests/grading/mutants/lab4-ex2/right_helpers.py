def count_right(overlaps, threshold=0.5):
    nobody = np.zeros(overlaps.shape[1], bool)
    return int(np.sum(matching.match(overlaps, threshold, nobody, nobody) >= 0))
