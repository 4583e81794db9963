# Rounding is thought to lead back to the two labels.
predicted = {(0, 1): {0, 1}, (0, 2): {0, 2}, (1, 2): {1, 2}}
