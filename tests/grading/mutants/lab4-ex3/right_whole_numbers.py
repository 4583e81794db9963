def ap_voc(hits, objects):
    right = np.cumsum(hits)
    precision = right / (np.arange(len(right)) + 1)
    values = []
    for tenth in range(11):
        enough = right * 10 >= tenth * objects
        values.append(precision[enough].max() if enough.any() else 0.0)
    return sum(values) / 11
