"""Pasting against cases made by hand, and against TFOD2's own function."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.detector import paste
from helpers.errors import ArrayError

ONES = np.ones((1, 28, 28), np.float32)


def test_a_full_mask_fills_its_box_and_nothing_else():
    mask = paste(ONES, [[2, 3, 7, 11]], (10, 14))[0]
    expected = np.zeros((10, 14), bool)
    expected[2:7, 3:11] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_pixel_belongs_to_the_box_if_its_centre_does():
    mask = paste(ONES, [[0.4, 0.6, 2.6, 2.4]], (4, 4))[0]
    assert np.argwhere(mask).tolist() == [[0, 1], [1, 1], [2, 1]]


@pytest.mark.parametrize("cells", [1, 2, 14, 28, 33])
def test_one_cell_a_pixel_is_copied(cells, rng):
    values = rng.random((1, cells, cells)) > 0.5
    mask = paste(values, [[3, 2, 3 + cells, 2 + cells]], (40, 40))[0]
    np.testing.assert_array_equal(mask[3 : 3 + cells, 2 : 2 + cells], values[0])
    assert mask.sum() == values.sum()


def test_halves_of_a_mask_are_halves_of_its_box():
    halves = np.zeros((1, 28, 28))
    halves[:, :, :14] = 1
    mask = paste(halves, [[0, 0, 8, 8]], (8, 8))[0]
    assert mask[:, :4].all()
    assert not mask[:, 4:].any()


def test_rows_and_columns_keep_their_places():
    values = np.zeros((1, 2, 2))
    values[0, 0, 1] = 1  # upper right
    mask = paste(values, [[0, 0, 4, 20]], (4, 20))[0]
    assert np.argwhere(mask)[:, 0].max() == 1
    assert np.argwhere(mask)[:, 1].min() == 10


def test_interpolation_by_hand():
    """Two cells over 4 pixels: their centres at 1 and 3, so pixel 1 (at 1.5) is a quarter on."""
    values = np.array([[[0.0, 1.0]]])
    for threshold, first in ((0.2, 1), (0.3, 2), (0.7, 2), (0.8, 3)):
        mask = paste(values, [[0, 0, 1, 4]], (1, 4), threshold=threshold)[0]
        assert np.argwhere(mask)[:, 1].min() == first


def test_a_box_beyond_the_picture_is_cut_and_not_squeezed():
    halves = np.zeros((1, 28, 28))
    halves[:, :, :14] = 1
    mask = paste(halves, [[0, -4, 4, 4]], (4, 8))[0]  # the half that is full is outside
    assert not mask.any()


@pytest.mark.parametrize("box", [[3, 3, 3, 8], [5, 5, 2, 8], [0, 0, np.nan, 4], [50, 50, 60, 60]])
def test_a_box_without_pixels_gives_an_empty_mask(box):
    for alignment in ("centres", "corners"):
        assert not paste(ONES, [box], (10, 10), alignment=alignment).any()


def test_no_detections_and_a_picture_of_one_pixel():
    assert paste(np.zeros((0, 28, 28)), np.zeros((0, 4)), (5, 6)).shape == (0, 5, 6)
    assert paste(ONES, [[0, 0, 1, 1]], (1, 1)).tolist() == [[[True]]]
    assert paste(ONES, [[0, 0, 1, 1]], (1, 1), alignment="corners").tolist() == [[[True]]]


@pytest.mark.parametrize(
    ("masks", "boxes", "alignment", "message"),
    [
        (np.ones((28, 28)), [[0, 0, 1, 1]], "centres", "box_masks: expected"),
        (ONES, [[0, 0, 1, 1]] * 2, "centres", r"boxes: expected shape \(1, 4\)"),
        (ONES, [[0, 0, 1, 1]], "edges", "alignment: expected 'centres' or 'corners'"),
    ],
)
def test_bad_arguments_are_named(masks, boxes, alignment, message):
    with pytest.raises(ArrayError, match=message):
        paste(masks, boxes, (4, 4), alignment=alignment)


# --- against TFOD2 ------------------------------------------------------------------------------


TFOD2 = """
import numpy as np, tensorflow as tf
from object_detection.utils import ops
given = np.load({given!r})
masks, boxes = (tf.constant(given[name]) for name in ("masks", "boxes"))
height, width = (int(side) for side in given["size"])
np.save({result!r}, ops.reframe_box_masks_to_image_masks(masks, boxes, height, width).numpy())
"""


@pytest.mark.parametrize(("cells", "size"), [(28, (48, 64)), (33, (61, 40))])
def test_corners_are_tfod2s_own_pasting(cells, size, tmp_path, tfod2, rng):
    masks = rng.random((6, cells, cells)).astype(np.float32)
    lows = rng.uniform(0, 0.5, (6, 2))
    boxes = np.concatenate([lows, lows + rng.uniform(0.1, 0.5, (6, 2))], 1).astype(np.float32)
    np.savez(tmp_path / "given.npz", masks=masks, boxes=boxes, size=size)
    given, result = str(tmp_path / "given.npz"), str(tmp_path / "result.npy")
    tfod2.run(TFOD2.format(given=given, result=result))
    reframed = np.load(tmp_path / "result.npy")
    pixels = boxes.astype(float) * [*size, *size]
    ours = paste(masks, pixels, size, alignment="corners")
    # Rounding may decide where a value is within 1e-4 of the threshold.
    clear = abs(reframed - 0.5) > 1e-4
    np.testing.assert_array_equal(ours[clear], reframed[clear] > 0.5)
    assert clear.mean() > 0.99
