def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    cells = [((height + 2**k - 1) >> k) * ((width + 2**k - 1) >> k) for k in levels]
    return per_cell * sum(cells)
