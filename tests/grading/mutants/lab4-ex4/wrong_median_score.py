# The median score of the right detections, which throws half of them away.
def improve(validation, test):
    chosen = {name: float(np.median(s[right])) for name, (s, right, _) in validation.items()}
    return chosen, mean_f1(test, chosen)
