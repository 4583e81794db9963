def roi_align_averaged(features, box, cells=7, samples=2):
    fine = roi_align(features, box, cells * samples)
    out = np.empty((cells, cells, features.shape[2]))
    for row in range(cells):
        for column in range(cells):
            block = fine[
                row * samples : (row + 1) * samples, column * samples : (column + 1) * samples
            ]
            out[row, column] = block.mean(axis=(0, 1))
    return out
