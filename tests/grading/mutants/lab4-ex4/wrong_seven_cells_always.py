# 7 x 7 cells, whatever is asked.
def roi_align_averaged(features, box, cells=7, samples=2):
    fine = roi_align(features, box, 7 * samples)
    return fine.reshape(7, samples, 7, samples, -1).mean(axis=(1, 3))
