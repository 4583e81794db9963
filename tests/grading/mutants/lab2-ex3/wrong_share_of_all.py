# Divided by all pixels.
def precision_per_class(matrix):
    return np.diag(matrix) / matrix.sum()
