import math


def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    total = 0
    for level in levels:
        cell = 2**level
        total += math.ceil(height / cell) * math.ceil(width / cell) * per_cell
    return total
