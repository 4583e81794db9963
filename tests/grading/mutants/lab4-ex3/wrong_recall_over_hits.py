# Recall over the objects that were found.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    found = max(1, int(np.sum(hits)))
    recall, precision = right / found, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    return float(np.mean([precision[recall >= p - 1e-9].max(initial=0) for p in points]))
