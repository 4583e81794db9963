# %% right frozen: Frozen.
predicted = dict([((1, 2), frozenset({2, 1})), ((0, 1), frozenset({0, 1})), ((0, 2), {0, 2, 1})])

# %% right lists: Lists.
predicted = {(0, 1): [0, 1], (0, 2): [0, 1, 2], (1, 2): [1, 2]}

# %% right ranges: Ranges.
predicted = {(a, b): set(range(a, b + 1)) for a, b in [(0, 1), (0, 2), (1, 2)]}

# %% right tried_out: Tried out.
predicted = {}
for pair in [(0, 1), (0, 2), (1, 2)]:
    row = np.interp(np.linspace(0, 1, 41), [0, 1], pair)
    predicted[pair] = set(np.rint(row).astype(int).tolist())

# %% wrong background_and_border_make_pet: The new label looked for on the wrong side.
predicted = {(0, 1): {0, 1}, (0, 2): {0, 1, 2}, (1, 2): {0, 1, 2}}

# %% wrong border_between_all: A border is expected between pet and background, as in a trimap.
predicted = {(0, 1): {0, 1, 2}, (0, 2): {0, 2}, (1, 2): {1, 2}}

# %% wrong everything_everywhere: Every label is expected at every edge.
predicted = {(0, 1): {0, 1, 2}, (0, 2): {0, 1, 2}, (1, 2): {0, 1, 2}}

# %% wrong half_labels: The values before rounding.
predicted = {(0, 1): {0, 0.5, 1}, (0, 2): {0, 0.5, 1, 1.5, 2}, (1, 2): {1, 1.5, 2}}

# %% wrong nothing_happens: Rounding is thought to lead back to the two labels.
predicted = {(0, 1): {0, 1}, (0, 2): {0, 2}, (1, 2): {1, 2}}

# %% wrong only_the_mean: The mean of the pair alone.
predicted = {(0, 1): {0}, (0, 2): {1}, (1, 2): {2}}

# %% wrong overshoot: Cubic interpolation overshoots; bilinear does not.
predicted = {(0, 1): {-1, 0, 1, 2}, (0, 2): {-1, 0, 1, 2, 3}, (1, 2): {0, 1, 2, 3}}

# %% wrong trimap_values: Labels of the trimap, from 1.
predicted = {(1, 2): {1, 2}, (1, 3): {1, 2, 3}, (2, 3): {2, 3}}
