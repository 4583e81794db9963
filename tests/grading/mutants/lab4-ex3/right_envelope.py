def ap_voc(hits, objects):
    hits = np.asarray(hits, bool)
    if not hits.size:
        return 0.0
    right = hits.cumsum()
    precision = right / np.arange(1, hits.size + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(right / objects, np.linspace(0, 1, 11) - 1e-9)
    return float(np.append(envelope, 0.0)[first].mean())
