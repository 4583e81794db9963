# 2 x 2 samples, whatever is asked.
def roi_align_averaged(features, box, cells=7, samples=2):
    fine = roi_align(features, box, cells * 2)
    return fine.reshape(cells, 2, cells, 2, -1).mean(axis=(1, 3))
