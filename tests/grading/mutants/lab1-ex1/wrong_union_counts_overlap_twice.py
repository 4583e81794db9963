# 16 + 16 pixels below the line of the IoU: the overlap is counted twice.
predicted_accuracy = 34 / 48
predicted_iou = 9 / 32
predicted_dice = 9 / 32 * 2
