# One half for every class, as before.
def improve(validation, test):
    chosen = dict.fromkeys(validation, 0.5)
    return chosen, mean_f1(test, chosen)
