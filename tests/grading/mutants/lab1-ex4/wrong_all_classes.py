# Classes that are no things are in the result, too.
def count_objects(panoptic, things):
    result = dict.fromkeys(things, 0)
    for value in np.unique(panoptic):
        label, instance = divmod(int(value), 1000)
        result[label] = result.get(label, 0) + (instance > 0)
    return result
