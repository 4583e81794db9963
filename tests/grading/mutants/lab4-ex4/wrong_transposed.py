# Rows and columns are swapped.
def roi_align_averaged(features, box, cells=7, samples=2):
    fine = roi_align(features, box, cells * samples)
    return fine.reshape(cells, samples, cells, samples, -1).mean(axis=(1, 3)).swapaxes(0, 1)
