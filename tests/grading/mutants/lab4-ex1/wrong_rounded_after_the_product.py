# Rounded up after the product of the sides.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum(-(-height * width // 4**k) for k in levels) * per_cell
