"""What the exercises of lab 4 take from the lab, without its model: functions, and sizes of maps."""

import numpy as np

from helpers import detection_matching as matching


def match(overlaps, threshold=0.5):
    """(D, G) IoUs, rows by falling score -> for each detection its object's number, or -1."""
    matched, free = [], np.ones(overlaps.shape[1], bool)
    for row in overlaps:
        allowed = np.where(free & (row >= threshold), row, -1)
        best = allowed.argmax() if allowed.size and allowed.max() >= 0 else -1
        matched.append(best)
        if best >= 0:
            free[best] = False
    return np.array(matched, int)


def roi_align(features, box, cells=7):
    """(H, W, C) and a box in cells of the map -> (cells, cells, C): the middle of each bin."""
    middle = (np.arange(cells) + 0.5) / cells
    y = (box[0] + middle * (box[2] - box[0])).clip(0, features.shape[0] - 1)
    x = (box[1] + middle * (box[3] - box[1])).clip(0, features.shape[1] - 1)
    top, left = y.astype(int), x.astype(int)
    down, right = (y - top)[:, None, None], (x - left)[None, :, None]
    f = np.pad(features, ((0, 1), (0, 1), (0, 0)), mode="edge")
    upper = f[top][:, left] * (1 - right) + f[top][:, left + 1] * right
    lower = f[top + 1][:, left] * (1 - right) + f[top + 1][:, left + 1] * right
    return upper * (1 - down) + lower * down


# The maps of a picture of 384 x 480 pixels, and six anchors in each of their cells.
stage = {"level_2": np.zeros((96, 120, 1)), "anchors": np.zeros((6 * 15_300, 4))}
