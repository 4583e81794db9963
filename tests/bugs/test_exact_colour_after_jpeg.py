"""Bug: a mask taken back from a picture by equality of colours (lab 1, section 4).

A published lab writes red text on a photo and finds it again with `(image == red).all(axis=2)`.
That works in memory and through PNG; JPEG, smooth edges and smooth resizing each leave hardly
anything, or too little. The course keeps the mask itself, as a PNG of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import imageio.v3 as iio
import numpy as np
import pytest

from helpers import metrics
from tools.render import window as scene

RED = (255, 0, 0)


def jpeg(image: np.ndarray) -> np.ndarray:
    return iio.imread(iio.imwrite("<bytes>", image, extension=".jpg", quality=95))


def wrong(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Stores the picture alone and looks for the colour in it."""
    return (jpeg(image) == RED).all(axis=2)


def right(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Stores the mask beside the picture."""
    return iio.imread(iio.imwrite("<bytes>", np.uint8(255 * mask), extension=".png")) > 0


def check(store_and_find: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """What was marked is what comes back."""
    image, _ = scene.cat_photo()
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.rectangle(mask, (30, 200), (200, 260), 1, thickness=9)
    mask = mask.astype(bool)
    image[mask] = RED
    assert metrics.mask_iou(store_and_find(image, mask), mask, empty=0.0) == 1


def test_a_stored_mask_comes_back() -> None:
    check(right)


def test_equality_of_colours_fails_after_jpeg() -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def test_equality_fails_already_on_smooth_edges_and_after_resizing() -> None:
    canvas = np.zeros((80, 200), np.uint8)
    ink = cv2.line(canvas, (20, 15), (180, 65), 255, 7, cv2.LINE_AA)
    smooth = np.uint8(np.round(ink[..., None] / 255 * np.array(RED)))
    small = cv2.resize(smooth, (100, 40))
    for image, truth in ((smooth, ink >= 128), (small, cv2.resize(ink, (100, 40)) >= 128)):
        found = (image == RED).all(axis=2)
        assert not (found & ~truth).any()
        assert metrics.mask_iou(found, truth) < 0.95
