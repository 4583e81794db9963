def count_objects(panoptic, things):
    result = {}
    for label in things:
        numbers = panoptic[panoptic // 1000 == label] % 1000
        result[label] = len(np.unique(numbers[numbers > 0]))
    return result
