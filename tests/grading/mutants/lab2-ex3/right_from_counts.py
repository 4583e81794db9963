def precision_per_class(matrix):
    tp = np.diag(matrix)
    fp = matrix.sum(axis=0) - tp
    return np.array([t / (t + f) if t + f > 0 else float("nan") for t, f in zip(tp, fp)])
