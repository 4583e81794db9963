# A class without an object is left out of the result.
def count_objects(panoptic, things):
    result = {}
    for value in np.unique(panoptic):
        label, instance = divmod(int(value), 1000)
        if instance and label in things:
            result[label] = result.get(label, 0) + 1
    return result
