# IoU and Dice in each other's place.
predicted_accuracy = 34 / 48
predicted_iou = 9 / 16
predicted_dice = 9 / 23
