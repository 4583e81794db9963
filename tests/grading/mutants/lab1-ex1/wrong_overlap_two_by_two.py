# The overlap of the squares taken as 2 x 2, as if each side lost two pixels.
predicted_accuracy = 24 / 48
predicted_iou = 4 / 28
predicted_dice = 8 / 32
