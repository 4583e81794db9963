# Instance number 0 is taken for an object.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return {label: int((values // 1000 == label).sum()) for label in things}
