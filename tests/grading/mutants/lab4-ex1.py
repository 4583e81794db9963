# %% right ceil: Ceil.
import math


def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    total = 0
    for level in levels:
        cell = 2**level
        total += math.ceil(height / cell) * math.ceil(width / cell) * per_cell
    return total


# %% right grid: Grid.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    count = 0
    for level in levels:
        rows = np.arange(0, height, 2**level)
        columns = np.arange(0, width, 2**level)
        count += len(rows) * len(columns) * per_cell
    return count


# %% right numpy: Numpy.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    cell = 2.0 ** np.array(levels)
    return int((np.ceil(height / cell) * np.ceil(width / cell)).sum()) * per_cell


# %% right whole_numbers: Whole numbers.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    cells = [((height + 2**k - 1) >> k) * ((width + 2**k - 1) >> k) for k in levels]
    return per_cell * sum(cells)


# %% wrong fixed_levels: Levels 2 to 5, whatever is asked.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum(-(-height // 2**k) * -(-width // 2**k) for k in range(2, 6)) * per_cell


# %% wrong hard_coded: The numbers of the visible checks.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return 4 if levels == (5,) else len(stage["anchors"])


# %% wrong height_twice: The height is used for both sides.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum((-(-height // 2**k)) ** 2 for k in levels) * per_cell


# %% wrong level_times_two: A cell of level k taken for 2 k pixels.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum(-(-height // (2 * k)) * -(-width // (2 * k)) for k in levels) * per_cell


# %% wrong lowest_level_only: Only the largest map carries anchors.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return -(-height // 2 ** levels[0]) * -(-width // 2 ** levels[0]) * per_cell


# %% wrong one_a_cell: One anchor for each cell.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum(-(-height // 2**k) * -(-width // 2**k) for k in levels)


# %% wrong rounded_after_the_product: Rounded up after the product of the sides.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum(-(-height * width // 4**k) for k in levels) * per_cell


# %% wrong rounded_down: A part of a cell at the edge is left out.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum((height // 2**k) * (width // 2**k) for k in levels) * per_cell


# %% wrong six_always: Six anchors, whatever is asked.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return sum(-(-height // 2**k) * -(-width // 2**k) for k in levels) * 6


# %% wrong padded_to_the_coarsest: The picture is padded to whole cells of the coarsest level first.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    cell = 2 ** max(levels)
    height, width = -(-height // cell) * cell, -(-width // cell) * cell
    return sum((height // 2**k) * (width // 2**k) for k in levels) * per_cell


# %% wrong all_levels_between: All levels from the lowest to the highest, also those left out.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    between = range(min(levels), max(levels) + 1)
    return sum(-(-height // 2**k) * -(-width // 2**k) for k in between) * per_cell


# %% wrong plus_ninety_nine: Rounded up by adding 0.99, which is too little for a part of a large cell.
def count_anchors(height, width, levels=(2, 3, 4, 5), per_cell=6):
    return per_cell * sum(int(height / 2**k + 0.99) * int(width / 2**k + 0.99) for k in levels)
