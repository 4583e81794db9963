def majority(labels, moving):
    def winner(column):
        column = column[~np.isin(column, list(moving))]
        return np.bincount(column).argmax() if column.size else -1

    return np.apply_along_axis(winner, 0, labels)
