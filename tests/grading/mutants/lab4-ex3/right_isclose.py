def ap_voc(hits, objects):
    right = np.cumsum(np.array(hits, int))
    recall = right / objects
    precision = right / np.arange(1, len(right) + 1)
    value = 0.0
    for point in np.arange(0, 1.05, 0.1):
        chosen = precision[(recall > point) | np.isclose(recall, point)]
        value += chosen.max() / 11 if len(chosen) else 0
    return value
