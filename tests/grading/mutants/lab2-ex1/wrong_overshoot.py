# Cubic interpolation overshoots; bilinear does not.
predicted = {(0, 1): {-1, 0, 1, 2}, (0, 2): {-1, 0, 1, 2, 3}, (1, 2): {0, 1, 2, 3}}
