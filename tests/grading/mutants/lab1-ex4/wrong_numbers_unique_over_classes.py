# An instance number that two classes share counts once.
def count_objects(panoptic, things):
    seen, result = set(), {}
    for label in things:
        numbers = set((panoptic[panoptic // 1000 == label] % 1000).tolist()) - {0} - seen
        seen |= numbers
        result[label] = len(numbers)
    return result
