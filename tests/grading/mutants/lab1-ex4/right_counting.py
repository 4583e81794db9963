def count_objects(panoptic, things):
    counts = dict.fromkeys(things, 0)
    for value in np.unique(panoptic):
        label, instance = divmod(int(value), 1000)
        if instance and label in counts:
            counts[label] += 1
    return counts
