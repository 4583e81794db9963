# The mean of the pair alone.
predicted = {(0, 1): {0}, (0, 2): {1}, (1, 2): {2}}
