def count_objects(panoptic, things):
    v = np.unique(panoptic)
    return {c: int(np.sum((v > c * 1000) & (v < (c + 1) * 1000))) for c in things}
