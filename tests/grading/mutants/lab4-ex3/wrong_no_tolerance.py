# Recall 3 / 10 is compared with 0.30000000000000004.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = [0.1 * k for k in range(11)]
    return float(np.mean([precision[recall >= p].max(initial=0) for p in points]))
