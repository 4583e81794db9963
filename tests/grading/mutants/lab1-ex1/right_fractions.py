predicted_accuracy = 34 / 48
predicted_iou = 9 / 23
predicted_dice = 9 / 16
