# The largest instance number, although the numbers have gaps.
def count_objects(panoptic, things):
    result = {}
    for label in things:
        numbers = panoptic[panoptic // 1000 == label] % 1000
        result[label] = int(numbers.max()) if numbers.size else 0
    return result
