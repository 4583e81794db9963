# Summed over the answers: recall.
def precision_per_class(matrix):
    with np.errstate(invalid="ignore"):
        return np.diag(matrix) / matrix.sum(axis=1)
