# A border is expected between pet and background, as in a trimap.
predicted = {(0, 1): {0, 1, 2}, (0, 2): {0, 2}, (1, 2): {1, 2}}
