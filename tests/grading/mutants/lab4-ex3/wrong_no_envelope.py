# The precision where the recall is first reached, not the best from there on.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    values = []
    for point in np.linspace(0, 1, 11):
        reached = np.flatnonzero(recall >= point - 1e-9)
        values.append(precision[reached[0]] if len(reached) else 0)
    return float(np.mean(values))
