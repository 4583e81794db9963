def roi_align_averaged(features, box, cells=7, samples=2):
    box = np.asarray(box, float)
    bin_size = (box[2:] - box[:2]) / cells
    total = 0
    for i in range(samples):
        for j in range(samples):
            shift = (np.array([i, j]) + 0.5) / samples - 0.5
            total = total + roi_align(features, box + np.tile(shift * bin_size, 2), cells)
    return total / samples**2
