# The rule is chosen, the threshold stays one half.
def improve(validation, test, recall=0.9):
    rules = [name for name in validation if name != "truth"]
    rule = min(rules, key=lambda name: recall_and_alarms(validation, name, 0.5)[1])
    return rule, 0.5, recall_and_alarms(test, rule, 0.5)
