predicted = {(a, b): set(range(a, b + 1)) for a, b in [(0, 1), (0, 2), (1, 2)]}
