# The height is used for both sides.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum((-(-height // 2**k)) ** 2 for k in levels) * per_cell
