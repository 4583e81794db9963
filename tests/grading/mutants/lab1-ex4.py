# %% right counting: Counting.
def count_objects(panoptic, things):
    counts = dict.fromkeys(things, 0)
    for value in np.unique(panoptic):
        if value >= 1000 and value // 1000 in counts:
            counts[int(value // 1000)] += 1
    return counts


# %% right for_each_class: For each class.
def count_objects(panoptic, things):
    result = {}
    for label in things:
        result[label] = len(np.unique(panoptic[panoptic // 1000 == label]))
    return result


# %% right histogram: Histogram.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    counts = np.bincount(values // 1000, minlength=max(things) + 1)  # bin 0 is what has no number
    return {label: counts[label] for label in things}


# %% right range_of_values: Range of values.
def count_objects(panoptic, things):
    v = np.unique(panoptic)
    return {c: int(np.sum((v >= c * 1000) & (v < (c + 1) * 1000))) for c in things}


# %% right sets: Sets.
def count_objects(panoptic, things):
    pairs = {(v // 1000, v % 1000) for v in panoptic.ravel().tolist() if v > 999}
    return {label: sum(1 for c, _ in pairs if c == label) for label in things}


# %% wrong absent_left_out: A class without an object is left out of the result.
def count_objects(panoptic, things):
    result = {}
    for value in np.unique(panoptic):
        if value >= 1000 and value // 1000 in things:
            result[value // 1000] = result.get(value // 1000, 0) + 1
    return result


# %% wrong all_classes: Classes that are no things are in the result, too.
def count_objects(panoptic, things):
    result = dict.fromkeys(things, 0)
    for value in np.unique(panoptic):
        label = value // 1000 if value >= 1000 else value
        result[label] = result.get(label, 0) + (value >= 1000)
    return result


# %% wrong connected_regions: Connected regions of the class, the shortcut that section 9 refutes.
def count_objects(panoptic, things):
    return {
        label: cv2.connectedComponents((panoptic // 1000 == label).astype(np.uint8))[0] - 1
        for label in things
    }


# %% wrong hard_coded: The expected output of the visible check.
def count_objects(panoptic, things):
    return {3: 2, 4: 2}


# %% wrong numbers_from_one: Numbers are thought to begin with 1, so the first object is lost.
def count_objects(panoptic, things):
    segments = np.unique(panoptic)
    classes = segments[segments % 1000 > 0] // 1000
    return {label: int((classes == label).sum()) for label in things}


# %% wrong hundred_instances: Class and instance are split at 100.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return {c: int((values // 100 == c * 10).sum()) for c in things}


# %% wrong largest_number: The largest number, although the numbers have gaps.
def count_objects(panoptic, things):
    result = {}
    for label in things:
        numbers = panoptic[panoptic // 1000 == label] % 1000
        result[label] = int(numbers.max()) + 1 if numbers.size else 0
    return result


# %% wrong numbers_unique_over_classes: A number that two classes share counts once.
def count_objects(panoptic, things):
    seen, result = set(), {}
    for label in things:
        numbers = set((panoptic[panoptic // 1000 == label] % 1000).tolist())
        result[label] = len(numbers - seen)
        seen |= numbers
    return result


# %% wrong one_number: One number for all classes together.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return int(np.isin(values // 1000, things).sum())


# %% wrong pixels: Pixels of the class instead of objects.
def count_objects(panoptic, things):
    return {label: int((panoptic // 1000 == label).sum()) for label in things}


# %% wrong crowds_count: A crowd, which has a plain class number, is taken for one object.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return {c: int(((values // 1000 == c) | (values == c)).sum()) for c in things}
