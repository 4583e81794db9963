# Only the largest map carries anchors.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return -(-height // 2 ** levels[0]) * -(-width // 2 ** levels[0]) * per_cell
