# Accuracy as the share of right pixels among those of either square.
predicted_accuracy = 9 / 23
predicted_iou = 9 / 23
predicted_dice = 18 / 32
