"""Bug: masks resized like pictures (lab 1, section 11).

Bilinear interpolation averages labels: between pet (0) and background (2) it makes a border (1)
where there is none. Nearest neighbour only ever copies labels.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from helpers import scene

SIZES = [(380, 180), (128, 128), (1000, 500)]
Resize = Callable[[np.ndarray, tuple[int, int]], np.ndarray]


def wrong(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(labels, size)  # cv2's default; tf.image's and Keras's as well


def right(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)


def check(resize: Resize, size: tuple[int, int]) -> None:
    """No label appears that was not there: pet and background touch, and stay neighbours."""
    labels = np.where(scene.cat_photo()[1], 0, 2).astype(np.uint8)
    resized = resize(labels, size)
    assert resized.shape == size[::-1]
    assert set(np.unique(resized)) == {0, 2}


@pytest.mark.parametrize("size", SIZES)
def test_nearest_neighbour_passes(size: tuple[int, int]) -> None:
    check(right, size)


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_fails(size: tuple[int, int]) -> None:
    with pytest.raises(AssertionError):
        check(wrong, size)


def test_keras_resizing_shows_both() -> None:
    keras = pytest.importorskip("keras")
    labels = np.where(scene.cat_photo()[1], 0, 2)[None, ..., None].astype("float32")
    made = {
        way: set(np.unique(keras.layers.Resizing(128, 128, interpolation=way)(labels)).tolist())
        for way in ("bilinear", "nearest")
    }
    assert made["nearest"] == {0, 2}
    assert len(made["bilinear"]) > 2
