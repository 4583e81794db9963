# The new label looked for on the wrong side.
predicted = {(0, 1): {0, 1}, (0, 2): {0, 1, 2}, (1, 2): {0, 1, 2}}
