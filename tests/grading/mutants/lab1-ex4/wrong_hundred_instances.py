# Class and instance are split at 100.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return {c: int(((values // 100 == c * 10) & (values % 100 > 0)).sum()) for c in things}
