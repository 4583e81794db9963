def count_right(overlaps, threshold=0.5):
    found = match(overlaps, threshold)
    return len(found[found >= 0])
