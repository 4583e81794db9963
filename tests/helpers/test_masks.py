"""helpers.masks: every conversion there and back, and every refusal with its message."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers import masks
from helpers.errors import ArrayError, DataError

SIZES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)
any_mask = hnp.arrays(bool, SIZES)
any_labels = hnp.arrays(np.uint8, SIZES, elements=st.integers(0, 4))
COLOURS = [(0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (255, 255, 255)]


def blob(height: int = 40, width: int = 60) -> np.ndarray:
    """A disc with a hole, an island in the hole, and a bit that touches two edges."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - 18, x - 25)
    return ((distance < 15) & (distance > 7)) | (distance < 3) | ((y > 33) & (x > 50))


# --- there and back ---------------------------------------------------------------------------


@given(any_mask)
def test_rle_round_trip(mask: np.ndarray) -> None:
    again = masks.rle_to_mask(masks.mask_to_rle(mask))
    assert again.dtype == bool
    np.testing.assert_array_equal(again, mask)


@given(any_mask)
def test_rle_from_a_json_file_holds_text(mask: np.ndarray) -> None:
    rle = masks.mask_to_rle(mask)
    again = masks.rle_to_mask({"size": rle["size"], "counts": rle["counts"].decode("ascii")})
    np.testing.assert_array_equal(again, mask)


@given(hnp.arrays(bool, (60, 60)), st.integers(1, 30))
def test_a_rle_that_lost_its_end_is_refused(mask: np.ndarray, lost: int) -> None:
    rle = masks.mask_to_rle(mask)
    short = {"size": rle["size"], "counts": rle["counts"][:-lost]}
    with pytest.raises(DataError, match="rle"):
        masks.rle_to_mask(short)


@given(st.binary(max_size=40))
def test_any_bytes_as_rle_give_a_mask_or_a_data_error(counts: bytes) -> None:
    try:
        mask = masks.rle_to_mask({"size": [6, 7], "counts": counts})
    except DataError as error:
        assert "rle" in str(error)
    else:
        assert mask.shape == (6, 7)


@given(any_mask)
def test_rle_of_plain_counts(mask: np.ndarray) -> None:
    flat = np.concatenate([[False], mask.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff([0, *changes, mask.size]).tolist()
    np.testing.assert_array_equal(
        masks.rle_to_mask({"size": list(mask.shape), "counts": counts}), mask
    )


@given(any_mask)
def test_polygon_round_trip(mask: np.ndarray) -> None:
    polygons = masks.mask_to_polygons(mask)
    assert all(polygon.ndim == 2 and polygon.shape[1] == 2 for polygon in polygons)
    np.testing.assert_array_equal(masks.polygons_to_mask(polygons, mask.shape), mask)


def test_polygon_round_trip_with_holes_and_islands() -> None:
    polygons = masks.mask_to_polygons(blob())
    assert len(polygons) == 4  # disc, hole, island, corner
    np.testing.assert_array_equal(masks.polygons_to_mask(polygons, (40, 60)), blob())


def test_polygons_are_x_then_y() -> None:
    mask = np.zeros((5, 20), bool)
    mask[1:3, 10:18] = True
    (polygon,) = masks.mask_to_polygons(mask)
    assert polygon.min(axis=0).tolist() == [10, 1]
    assert polygon.max(axis=0).tolist() == [17, 2]


@given(any_labels)
def test_stack_round_trip(labels: np.ndarray) -> None:
    stack = labels[None] == np.arange(1, 5)[:, None, None]
    np.testing.assert_array_equal(masks.masks_to_labels(stack), labels)


def test_an_empty_stack_is_all_background() -> None:
    labels = masks.masks_to_labels(np.zeros((0, 3, 4), bool))
    assert labels.shape == (3, 4)
    assert not labels.any()


# --- boxes, bands, drawing --------------------------------------------------------------------


def test_box_is_tight_and_its_upper_ends_are_exclusive() -> None:
    mask = np.zeros((10, 20), bool)
    mask[2:5, 7:16] = True
    assert masks.mask_to_box(mask).tolist() == [2, 7, 5, 16]


@given(any_mask.filter(np.any))
def test_box_holds_the_mask_and_no_more(mask: np.ndarray) -> None:
    top, left, bottom, right = masks.mask_to_box(mask).astype(int)
    inside = mask[top:bottom, left:right]
    assert inside.sum() == mask.sum()
    assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


def slow_band(mask: np.ndarray, width: int) -> np.ndarray:
    """For each pixel of the mask: is there background, or the picture's end, in the square?"""
    padded = np.pad(mask, width)
    band = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        band[y, x] = not padded[y : y + 2 * width + 1, x : x + 2 * width + 1].all()
    return band


@given(any_mask, st.integers(1, 4))
def test_band_equals_a_slow_reference(mask: np.ndarray, width: int) -> None:
    np.testing.assert_array_equal(masks.boundary_band(mask, width), slow_band(mask, width))


def test_band_grows_with_its_width_up_to_the_whole_mask() -> None:
    bands = [masks.boundary_band(blob(), width) for width in (1, 2, 3, 50)]
    for thin, wide in itertools.pairwise(bands):
        assert not (thin & ~wide).any()
    np.testing.assert_array_equal(bands[-1], blob())
    assert masks.boundary_band(np.zeros((0, 4), bool), 2).shape == (0, 4)


def test_overlay_tints_the_mask_and_nothing_else() -> None:
    image = np.full((4, 6, 3), 100, np.uint8)
    mask = np.zeros((1, 4, 6), bool)
    mask[0, :, 3:] = True
    tinted = masks.overlay(image, mask, [(200, 0, 100)], alpha=0.5)
    assert tinted[0, 0].tolist() == [100, 100, 100]
    assert tinted[0, 5].tolist() == [150, 50, 100]
    assert image[0, 5].tolist() == [100, 100, 100], "the image given must not change"


def test_overlay_paints_later_masks_over_earlier_ones() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    both = np.ones((2, 2, 2), bool)
    assert masks.overlay(image, both, [(9, 9, 9), (50, 60, 70)], alpha=1.0)[0, 0].tolist() == [
        50, 60, 70,
    ]  # fmt: skip


def test_outline_paints_the_band_alone() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    painted = masks.outline(image, blob(), (10, 20, 30), width=2)
    changed = (painted != image).any(axis=2)
    np.testing.assert_array_equal(changed, masks.boundary_band(blob(), 2))
    assert not image.any(), "the image given must not change"


# --- bad input: each message names the argument, what was expected and what was found ----------

IMAGE = np.zeros((4, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: masks.check_mask(np.ones((4, 6))), ["mask", "bool", "float64", "> 0.5"]),
        (lambda: masks.check_mask(np.ones((4, 6), np.uint8)), ["mask", "bool", "uint8"]),
        (lambda: masks.check_mask(np.ones((4, 6, 1), bool)), ["mask", "(H, W)", "(4, 6, 1)"]),
        (
            lambda: masks.check_labels(np.full((2, 2), np.nan), name="truth"),
            ["truth", "integer", "float64", "4 NaN"],
        ),
        (lambda: masks.check_labels(np.ones((2, 2))), ["labels", "integer", "float64", "argmax"]),
        (lambda: masks.check_labels(np.array([[0, 3]]), 3), ["labels", "0 to 2", "0 to 3"]),
        (lambda: masks.check_labels(np.array([[-1, 1]]), 3), ["labels", "0 to 2", "-1 to 1"]),
        (lambda: masks.check_image(np.zeros((4, 6))), ["image", "(H, W, 3) uint8", "(4, 6) float"]),
        (lambda: masks.check_image(np.zeros((4, 6, 4), np.uint8)), ["(4, 6, 4)", "alpha"]),
        (
            lambda: masks.overlay(IMAGE, np.ones((1, 5, 6), bool), COLOURS),
            ["masks[0]", "4 x 6", "5 x 6", "nearest"],
        ),
        (lambda: masks.outline(IMAGE, np.ones((4, 7), bool), (0, 0, 0)), ["4 x 6", "4 x 7"]),
        (lambda: masks.masks_to_labels(np.ones((4, 6), bool)), ["masks", "(N, H, W)", "(4, 6)"]),
        (lambda: masks.masks_to_labels(np.ones((2, 4, 6), bool)), ["masks", "overlap", "24"]),
        (lambda: masks.polygons_to_mask([np.full((3, 2), np.nan)], (4, 4)), ["(K, 2)", "NaN"]),
        (lambda: masks.polygons_to_mask(np.ones((3, 2)), (4, 4)), ["(K, 2)", "(2,)"]),
        (lambda: masks.polygons_to_mask([np.ones((4, 3))], (4, 4)), ["(K, 2)", "(4, 3)"]),
        (lambda: masks.mask_to_box(np.zeros((3, 3), bool)), ["mask", "one pixel", "empty"]),
        (lambda: masks.boundary_band(np.ones((3, 3), bool), 0), ["width", "at least 1", "0"]),
    ],
)
def test_wrong_arrays(call, words: list[str]) -> None:
    with pytest.raises(ArrayError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: masks.rle_to_mask({"counts": [3]}), ["rle", "size", "counts"]),
        (lambda: masks.rle_to_mask({"size": [3, 3], "counts": [1, 2]}), ["rle", "3 pixels", "9"]),
        (lambda: masks.rle_to_mask({"size": [3, 3], "counts": [12, -3]}), ["rle", "-3"]),
        (lambda: masks.rle_to_mask({"size": [3, 3], "counts": None}), ["rle", "counts"]),
        (lambda: masks.rle_to_mask({"size": [3], "counts": [3]}), ["rle", "size"]),
        (lambda: masks.rle_to_mask({"size": [9, 9], "counts": b"\xff\xfe~"}), ["rle"]),
        (
            lambda: masks.rle_to_mask(
                {"size": [9, 9], "counts": masks.mask_to_rle(blob())["counts"]}
            ),
            ["rle", "[9, 9]"],
        ),
    ],
)
def test_damaged_data(call, words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_a_truncated_rle_is_refused() -> None:
    rle = masks.mask_to_rle(blob())
    with pytest.raises(DataError, match="expected 2400"):
        masks.rle_to_mask({"size": rle["size"], "counts": rle["counts"][:-4]})


def test_the_message_of_nan_labels_counts_them() -> None:
    labels = np.zeros((2, 3))
    labels[0, 0] = np.nan
    with pytest.raises(ArrayError, match="1 NaN"):
        masks.check_labels(labels)
