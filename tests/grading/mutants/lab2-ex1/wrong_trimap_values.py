# Labels of the trimap, from 1.
predicted = {(1, 2): {1, 2}, (1, 3): {1, 2, 3}, (2, 3): {2, 3}}
