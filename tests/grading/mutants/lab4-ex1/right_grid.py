def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    count = 0
    for level in levels:
        rows = np.arange(0, height, 2**level)
        columns = np.arange(0, width, 2**level)
        count += len(rows) * len(columns) * per_cell
    return count
