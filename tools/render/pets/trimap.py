"""Trimaps from coverage: pet inside, background outside, border band of constant width between.

It rests on NumPy and OpenCV. The classes are those of the Oxford-IIIT Pet dataset, whose border
band is 3.4 % of the longer side wide on average (measured); so is ours.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.render.pets.contract import BACKGROUND, BORDER, PET

BAND_SHARE = 0.034
"""Width of the whole border band, as a share of the longer side."""


def trimap_from(coverage: np.ndarray) -> np.ndarray:
    """Classes of every pixel.

    Args:
        coverage: share of each pixel that the pet fills, (H, W) float from 0 to 1.

    Returns:
        (H, W) uint8: 1 pet, 2 background, 3 border. A pixel is border if its distance to the other
        side of the outline (coverage 0.5) is at most half the band. The picture edge is not part of
        the outline.
    """
    inside = coverage > 0.5
    if inside.all() or not inside.any():
        return np.full(coverage.shape, PET if inside.all() else BACKGROUND, np.uint8)
    half_band = BAND_SHARE * max(coverage.shape) / 2
    result = np.where(inside, PET, BACKGROUND).astype(np.uint8)
    result[_distance_to_other_side(inside) <= half_band] = BORDER
    return result


def _distance_to_other_side(inside: np.ndarray) -> np.ndarray:
    """Distance of every pixel to the nearest pixel of the other kind, minus the half pixel."""
    of_inside = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    of_outside = cv2.distanceTransform(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    return np.where(inside, of_inside, of_outside) - 0.5


def class_shares(trimap: np.ndarray) -> tuple[float, float, float]:
    """Shares of pet, background and border, which sum to 1."""
    return tuple(float((trimap == value).mean()) for value in (PET, BACKGROUND, BORDER))
