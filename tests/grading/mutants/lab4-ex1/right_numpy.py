def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    cell = 2.0 ** np.array(levels)
    return int((np.ceil(height / cell) * np.ceil(width / cell)).sum()) * per_cell
