predicted = dict([((1, 2), frozenset({2, 1})), ((0, 1), frozenset({0, 1})), ((0, 2), {0, 2, 1})])
