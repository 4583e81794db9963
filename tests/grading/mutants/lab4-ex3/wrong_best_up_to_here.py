# The best precision up to a recall instead of from it on.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    return float(np.mean([precision[recall <= p + 1e-9].max(initial=0) for p in points]))
