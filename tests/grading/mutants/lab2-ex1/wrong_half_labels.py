# The values before rounding.
predicted = {(0, 1): {0, 0.5, 1}, (0, 2): {0, 0.5, 1, 1.5, 2}, (1, 2): {1, 1.5, 2}}
