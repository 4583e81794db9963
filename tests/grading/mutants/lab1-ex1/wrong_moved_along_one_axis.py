# The numbers of section 8, where the square moved by one column only.
predicted_accuracy = 40 / 48
predicted_iou = 12 / 20
predicted_dice = 24 / 32
