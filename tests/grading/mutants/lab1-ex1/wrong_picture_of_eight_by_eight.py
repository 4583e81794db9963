# All pixels counted in a picture of 8 x 8.
predicted_accuracy = 50 / 64
predicted_iou = 9 / 23
predicted_dice = 18 / 32
