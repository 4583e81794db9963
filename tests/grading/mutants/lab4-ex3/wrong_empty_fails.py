# No detections end in an error.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    points = np.linspace(0, 1, 11)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(
        np.mean(
            [envelope[np.argmax(recall >= p - 1e-9)] * (recall[-1] >= p - 1e-9) for p in points]
        )
    )
