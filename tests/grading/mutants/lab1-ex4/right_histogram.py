def count_objects(panoptic, things):
    values = np.unique(panoptic)
    values = values[values % 1000 != 0]
    counts = np.bincount(values // 1000, minlength=max(things) + 1)
    return {label: counts[label] for label in things}
