a = np.zeros((6, 8), bool)
a[1:5, 1:5] = True
b = np.roll(a, (1, 1), axis=(0, 1))
predicted_accuracy = 1 - (a ^ b).mean()
predicted_iou = (a & b).sum() / (a | b).sum()
predicted_dice = 2 * predicted_iou / (1 + predicted_iou)
