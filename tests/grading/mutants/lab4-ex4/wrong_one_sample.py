# One sample in the middle of each bin, as before.
def roi_align_averaged(features, box, cells=7, samples=2):
    return roi_align(features, box, cells)
