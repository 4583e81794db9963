# The threshold with the highest recall: everything is believed.
def improve(validation, test):
    chosen = {name: float(scores.min()) for name, (scores, right, objects) in validation.items()}
    return chosen, mean_f1(test, chosen)
