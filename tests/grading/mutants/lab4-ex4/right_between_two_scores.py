def improve(validation, test):
    chosen = {}
    for name, (scores, right, objects) in validation.items():
        best, hits, chosen[name] = 0, 0, 1.0
        for k in range(len(scores)):
            hits += right[k]
            f1 = 2 * hits / (k + 1 + objects)
            if f1 > best:
                below = scores[k + 1] if k + 1 < len(scores) else 0
                best, chosen[name] = f1, (scores[k] + below) / 2
    return chosen, mean_f1(test, chosen)
