# No bonus at all.
def improve(validation, test):
    return (0, 0, 0), miou(test, (0, 0, 0))
