# The area under the curve, as COCO and the later VOC have it.
def ap_voc(hits, objects):
    right = np.cumsum(hits)
    if not len(right):
        return 0.0
    recall, precision = right / objects, right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(np.r_[0, recall]) * envelope).sum())
