# The whole normalised matrix, not its diagonal.
def precision_per_class(matrix):
    with np.errstate(invalid="ignore"):
        return matrix / matrix.sum(axis=0)
