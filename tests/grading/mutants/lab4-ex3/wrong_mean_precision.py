# The mean precision at the hits.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(right) + 1)
    return float(precision[np.asarray(hits, bool)].sum() / objects) if len(right) else 0.0
