TP, FP, FN = 9, 7, 7
TN = 48 - TP - FP - FN
predicted_accuracy = (TP + TN) / 48
predicted_iou = TP / (TP + FP + FN)
predicted_dice = 2 * TP / (2 * TP + FP + FN)
