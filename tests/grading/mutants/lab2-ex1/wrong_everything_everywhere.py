# Every label is expected at every edge.
predicted = {(0, 1): {0, 1, 2}, (0, 2): {0, 1, 2}, (1, 2): {0, 1, 2}}
