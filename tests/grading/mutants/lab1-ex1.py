# %% right decimals: Decimals.
predicted_accuracy, predicted_iou, predicted_dice = 0.708, 0.391, 0.5625

# %% right fractions: Fractions.
predicted_accuracy = 34 / 48
predicted_iou = 9 / 23
predicted_dice = 9 / 16

# %% right from_counts: From counts.
TP, FP, FN = 9, 7, 7
TN = 48 - TP - FP - FN
predicted_accuracy = (TP + TN) / 48
predicted_iou = TP / (TP + FP + FN)
predicted_dice = 2 * TP / (2 * TP + FP + FN)

# %% right two_digits: Two digits.
predicted_accuracy = round(34 / 48, 2)
predicted_iou = round(9 / 23, 2)
predicted_dice = round(18 / 32, 2)

# %% right with_masks: With masks.
a = np.zeros((6, 8), bool)
a[1:5, 1:5] = True
b = np.roll(a, (1, 1), axis=(0, 1))
predicted_accuracy = 1 - (a ^ b).mean()
predicted_iou = (a & b).sum() / (a | b).sum()
predicted_dice = 2 * predicted_iou / (1 + predicted_iou)

# %% wrong accuracy_of_the_union: Accuracy as the share of right pixels among those of either square.
predicted_accuracy = 9 / 23
predicted_iou = 9 / 23
predicted_dice = 18 / 32

# %% wrong dice_without_the_two: Dice without its factor 2, and the IoU to fit.
predicted_accuracy = 34 / 48
predicted_iou = 9 / 55
predicted_dice = 9 / 32

# %% wrong errors_counted_once: Accuracy with the seven missed pixels, but not the seven added ones.
predicted_accuracy = 41 / 48
predicted_iou = 9 / 23
predicted_dice = 18 / 32

# %% wrong iou_and_dice_swapped: IoU and Dice in each other's place.
predicted_accuracy = 34 / 48
predicted_iou = 9 / 16
predicted_dice = 9 / 23

# %% wrong moved_along_one_axis: The numbers of section 8, where the square moved by one column only.
predicted_accuracy = 40 / 48
predicted_iou = 12 / 20
predicted_dice = 24 / 32

# %% wrong overlap_two_by_two: The overlap of the squares taken as 2 x 2, as if each side lost two pixels.
predicted_accuracy = 24 / 48
predicted_iou = 4 / 28
predicted_dice = 8 / 32

# %% wrong percent: Percentages instead of shares.
predicted_accuracy, predicted_iou, predicted_dice = 70.8, 39.1, 56.3

# %% wrong picture_of_eight_by_eight: All pixels counted in a picture of 8 x 8.
predicted_accuracy = 50 / 64
predicted_iou = 9 / 23
predicted_dice = 18 / 32

# %% wrong union_counts_overlap_twice: 16 + 16 pixels below the line of the IoU: the overlap is counted twice.
predicted_accuracy = 34 / 48
predicted_iou = 9 / 32
predicted_dice = 9 / 32 * 2
