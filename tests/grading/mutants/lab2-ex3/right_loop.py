def precision_per_class(matrix):
    result = []
    for label in range(len(matrix)):
        called = sum(matrix[row][label] for row in range(len(matrix)))
        result.append(matrix[label][label] / called if called else np.nan)
    return result
