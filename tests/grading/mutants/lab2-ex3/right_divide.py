def precision_per_class(matrix):
    answered = matrix.sum(axis=0).astype(float)
    return np.divide(
        matrix.diagonal(), answered, out=np.full(len(matrix), np.nan), where=answered > 0
    )
