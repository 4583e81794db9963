# One number for all classes together.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return int((values % 1000 > 0).sum())
