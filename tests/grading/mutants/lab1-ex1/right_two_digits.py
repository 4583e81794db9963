predicted_accuracy = round(34 / 48, 2)
predicted_iou = round(9 / 23, 2)
predicted_dice = round(18 / 32, 2)
