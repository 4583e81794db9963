# The mean over the recalls that were reached.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = [p for p in np.linspace(0, 1, 11) if (recall >= p - 1e-9).any()]
    values = [precision[recall >= p - 1e-9].max() for p in points]
    return float(np.mean(values)) if values else 0.0
