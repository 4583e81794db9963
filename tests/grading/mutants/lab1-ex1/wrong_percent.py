# Percentages instead of shares.
predicted_accuracy, predicted_iou, predicted_dice = 70.8, 39.1, 56.3
