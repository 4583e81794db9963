# %% right counting: Counting.
def count_objects(panoptic, things):
    counts = dict.fromkeys(things, 0)
    for value in np.unique(panoptic):
        label, instance = divmod(int(value), 1000)
        if instance and label in counts:
            counts[label] += 1
    return counts


# %% right for_each_class: For each class.
def count_objects(panoptic, things):
    result = {}
    for label in things:
        numbers = panoptic[panoptic // 1000 == label] % 1000
        result[label] = len(np.unique(numbers[numbers > 0]))
    return result


# %% right histogram: Histogram.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    values = values[values % 1000 != 0]
    counts = np.bincount(values // 1000, minlength=max(things) + 1)
    return {label: counts[label] for label in things}


# %% right range_of_values: Range of values.
def count_objects(panoptic, things):
    v = np.unique(panoptic)
    return {c: int(np.sum((v > c * 1000) & (v < (c + 1) * 1000))) for c in things}


# %% right sets: Sets.
def count_objects(panoptic, things):
    pairs = {(v // 1000, v % 1000) for v in panoptic.ravel().tolist()}
    return {label: sum(1 for c, i in pairs if c == label and i) for label in things}


# %% wrong absent_left_out: A class without an object is left out of the result.
def count_objects(panoptic, things):
    result = {}
    for value in np.unique(panoptic):
        label, instance = divmod(int(value), 1000)
        if instance and label in things:
            result[label] = result.get(label, 0) + 1
    return result


# %% wrong all_classes: Classes that are no things are in the result, too.
def count_objects(panoptic, things):
    result = dict.fromkeys(things, 0)
    for value in np.unique(panoptic):
        label, instance = divmod(int(value), 1000)
        result[label] = result.get(label, 0) + (instance > 0)
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


# %% wrong hundred_instances: Class and instance are split at 100.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return {c: int(((values // 100 == c * 10) & (values % 100 > 0)).sum()) for c in things}


# %% wrong largest_number: The largest instance number, although the numbers have gaps.
def count_objects(panoptic, things):
    result = {}
    for label in things:
        numbers = panoptic[panoptic // 1000 == label] % 1000
        result[label] = int(numbers.max()) if numbers.size else 0
    return result


# %% wrong numbers_unique_over_classes: An instance number that two classes share counts once.
def count_objects(panoptic, things):
    seen, result = set(), {}
    for label in things:
        numbers = set((panoptic[panoptic // 1000 == label] % 1000).tolist()) - {0} - seen
        seen |= numbers
        result[label] = len(numbers)
    return result


# %% wrong one_number: One number for all classes together.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return int((values % 1000 > 0).sum())


# %% wrong pixels: Pixels of the class instead of objects.
def count_objects(panoptic, things):
    return {label: int((panoptic // 1000 == label).sum()) for label in things}


# %% wrong zero_counts: Instance number 0 is taken for an object.
def count_objects(panoptic, things):
    values = np.unique(panoptic)
    return {label: int((values // 1000 == label).sum()) for label in things}


# %% right divmod_of_uniques: Both parts at once, and a Counter.
from collections import Counter


def count_objects(panoptic, things):
    classes, numbers = np.divmod(np.unique(panoptic), 1000)
    seen = Counter(classes[numbers != 0].tolist())
    return {thing: seen[thing] for thing in things}


# %% wrong as_cityscapes: Cityscapes' rule of section 1, where 3000 is the first object.
def count_objects(panoptic, things):
    segments = np.unique(panoptic)
    classes = segments[segments >= 1000] // 1000
    return {label: int((classes == label).sum()) for label in things}


# %% wrong hundreds: The number is taken as the last two digits, so 2100 and 2200 are no objects.
def count_objects(panoptic, things):
    segments = np.unique(panoptic)
    return {c: int(((segments // 1000 == c) & (segments % 100 > 0)).sum()) for c in things}


# %% wrong class_in_one_digit: The class is read from the first digit.
def count_objects(panoptic, things):
    segments = [str(v) for v in np.unique(panoptic).tolist() if v % 1000]
    return {c: sum(s[0] == str(c) for s in segments) for c in things}


# %% right pandas: Pandas.
import pandas as pd


def count_objects(panoptic, things):
    s = pd.Series(panoptic.ravel()).drop_duplicates()
    s = s[s % 1000 != 0]
    n = s.groupby(s // 1000).size()
    return n.reindex(list(things), fill_value=0).to_dict()


# %% right strings: By the digits of the number.
def count_objects(panoptic, things):
    names = {f"{v:07d}" for v in panoptic.flatten().tolist()}
    return {t: len([n for n in names if int(n[:-3]) == t and n[-3:] != "000"]) for t in things}


# %% wrong uint16_map: The map is kept in 16 bits, so classes from 66 on wrap round.
def count_objects(panoptic, things):
    seg = np.unique(panoptic.astype(np.uint16))
    return {t: int(((seg // 1000 == t) & (seg % 1000 > 0)).sum()) for t in things}


# %% wrong in_the_order_of_the_map: The counts stand in the order of the map, whatever order `things` has.
def count_objects(panoptic, things):
    v = np.unique(panoptic)
    c, n = np.unique(v[v % 1000 > 0] // 1000, return_counts=True)
    return dict(zip(things, [int(x) for cc, x in zip(c, n) if cc in things] + [0] * len(things)))


# %% wrong class_by_its_beginning: The class is how the number begins, so 130 is also class 13.
def count_objects(panoptic, things):
    found = [v for v in np.unique(panoptic) if v % 1000 > 0]
    return {t: sum(str(v).startswith(str(t)) for v in found) for t in things}
