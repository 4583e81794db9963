# Recall over the right detections instead of over the objects, in the report, too.
def improve(validation, test):
    def f1(split, name, threshold):
        scores, right, _ = split[name]
        said = scores >= threshold
        precision, recall = right[said].mean(), right[said].sum() / right.sum()
        return 2 * precision * recall / (precision + recall) if recall else 0

    chosen = {
        name: max(validation[name][0], key=lambda t, name=name: f1(validation, name, t))
        for name in validation
    }
    return chosen, float(np.mean([f1(test, name, t) for name, t in chosen.items()]))
