"""Bug: masks resized like pictures (lab 1, section 12).

Bilinear interpolation averages labels: where pet (0) and background (2) touch, it makes a border
(1). Nearest neighbour only ever copies labels, and keras-cv's `Resizing` takes it for what comes
under the key `segmentation_masks`; a mask given as an image gets new labels there, too.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tools.render import window as scene

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


def test_keras_cv_goes_by_the_key() -> None:
    keras_cv = pytest.importorskip("keras_cv")
    import tensorflow as tf

    tf.random.set_global_generator(tf.random.Generator.from_seed(0))  # the layer asks for one
    labels = np.where(scene.cat_photo()[1], 0, 2)[..., None].astype("float32")
    resize = keras_cv.layers.Resizing(128, 128)
    image = np.zeros((*labels.shape[:2], 3), "float32")
    as_mask = resize({"images": image, "segmentation_masks": labels})["segmentation_masks"]
    assert set(np.unique(as_mask)) == {0, 2}
    assert len(np.unique(resize(labels))) > 2
