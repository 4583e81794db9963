predicted_accuracy, predicted_iou, predicted_dice = 0.708, 0.391, 0.5625
