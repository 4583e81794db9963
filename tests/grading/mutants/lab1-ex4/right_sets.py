def count_objects(panoptic, things):
    pairs = {(v // 1000, v % 1000) for v in panoptic.ravel().tolist()}
    return {label: sum(1 for c, i in pairs if c == label and i) for label in things}
