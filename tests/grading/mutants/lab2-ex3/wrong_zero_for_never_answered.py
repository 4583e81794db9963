# 0 instead of NaN for a class that is never answered.
def precision_per_class(matrix):
    return np.diag(matrix) / np.maximum(matrix.sum(axis=0), 1)
