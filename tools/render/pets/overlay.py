"""Overlay of trimap and head box on a picture, for visual inspection.

It rests on NumPy. No lab introduces it: labs draw with `helpers.figures`.
"""

from __future__ import annotations

import numpy as np

from tools.render.pets.contract import BACKGROUND, BORDER

BORDER_COLOUR = (240, 228, 66)
BOX_COLOUR = (230, 159, 0)
"""Yellow and orange of the Okabe-Ito palette."""


def overlay(image: np.ndarray, trimap: np.ndarray, head_bbox) -> np.ndarray:
    """Darken the background, tint the border, frame the head.

    Args:
        image: (H, W, 3) uint8 RGB.
        trimap: (H, W) uint8: 1 pet, 2 background, 3 border.
        head_bbox: ymin, xmin, ymax, xmax, normalised.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    shown = image.astype(float)
    shown[trimap == BACKGROUND] *= 0.3
    shown[trimap == BORDER] = 0.4 * shown[trimap == BORDER] + 0.6 * np.array(BORDER_COLOUR)
    height, width = trimap.shape
    top, left, bottom, right = (
        round(value * (size - 1))
        for value, size in zip(head_bbox, (height, width, height, width), strict=True)
    )
    shown[[top, bottom], left : right + 1] = BOX_COLOUR
    shown[top : bottom + 1, [left, right]] = BOX_COLOUR
    return shown.astype(np.uint8)
