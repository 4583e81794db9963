def improve(validation, test):
    def f1(scores, right, objects, threshold):
        said = scores >= threshold
        hits = (said & right).sum()
        if hits == 0:
            return 0.0
        precision, recall = hits / said.sum(), hits / objects
        return 2 * precision * recall / (precision + recall)

    chosen, reported = {}, []
    for name, (scores, right, objects) in validation.items():
        values = [f1(scores, right, objects, t) for t in scores]
        chosen[name] = scores[int(np.argmax(values))]
        reported.append(f1(*test[name], chosen[name]))
    return chosen, sum(reported) / len(reported)
