# Dice without its factor 2, and the IoU to fit.
predicted_accuracy = 34 / 48
predicted_iou = 9 / 55
predicted_dice = 9 / 32
