"""helpers.metrics: worked examples, laws that hold for any masks, references, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from helpers import masks, metrics
from helpers.errors import ArrayError

SIZE = (12, 17)
any_mask = hnp.arrays(bool, SIZE)
some_mask = any_mask.filter(np.any)
any_labels = hnp.arrays(np.uint8, SIZE, elements=st.integers(0, 3))


def square(top: int, left: int) -> np.ndarray:
    mask = np.zeros((8, 10), bool)
    mask[top : top + 4, left : left + 4] = True
    return mask


# --- two masks --------------------------------------------------------------------------------


def test_two_squares_one_column_apart() -> None:
    assert metrics.mask_iou(square(1, 1), square(1, 2)) == 12 / 20
    assert metrics.mask_dice(square(1, 1), square(1, 2)) == 24 / 32


def test_perfect_and_disjoint() -> None:
    for score in (metrics.mask_iou, metrics.mask_dice, metrics.boundary_iou):
        assert score(square(1, 1), square(1, 1)) == 1
        assert score(square(0, 0), square(4, 5)) == 0
        assert score(square(0, 0), np.zeros((8, 10), bool)) == 0


@given(some_mask, some_mask)
def test_scores_are_symmetric_and_within_0_and_1(a: np.ndarray, b: np.ndarray) -> None:
    for score in (metrics.mask_iou, metrics.mask_dice, metrics.boundary_iou):
        assert score(a, b) == score(b, a)
        assert 0 <= score(a, b) <= 1


@given(some_mask, any_mask)
def test_dice_follows_from_iou(a: np.ndarray, b: np.ndarray) -> None:
    iou = metrics.mask_iou(a, b)
    assert metrics.mask_dice(a, b) == pytest.approx(2 * iou / (1 + iou), abs=1e-12)


@given(some_mask, some_mask)
def test_iou_agrees_with_pycocotools(a: np.ndarray, b: np.ndarray) -> None:
    theirs = coco_mask.iou([masks.mask_to_rle(a)], [masks.mask_to_rle(b)], [0])[0, 0]
    assert metrics.mask_iou(a, b) == pytest.approx(theirs, abs=1e-12)


def slow_boundary_iou(a: np.ndarray, b: np.ndarray, width: int) -> float:
    """Pixels of a mask that see background within `width`, counted one by one."""

    def band(mask: np.ndarray) -> set[tuple[int, int]]:
        inside = {tuple(pixel) for pixel in np.argwhere(mask).tolist()}
        reach = range(-width, width + 1)
        return {
            (y, x)
            for y, x in inside
            if any((y + dy, x + dx) not in inside for dy in reach for dx in reach)
        }

    first, second = band(a), band(b)
    return len(first & second) / len(first | second)


@given(some_mask, some_mask, st.integers(1, 3))
def test_boundary_iou_equals_a_slow_reference(a: np.ndarray, b: np.ndarray, width: int) -> None:
    assert metrics.boundary_iou(a, b, width=width) == slow_boundary_iou(a, b, width)


def test_the_default_band_is_two_per_cent_of_the_diagonal() -> None:
    y, x = np.mgrid[:300, :400]
    a, b = (np.hypot(y - 150, x - 200) < radius for radius in (90, 95))
    assert metrics.boundary_iou(a, b) == metrics.boundary_iou(a, b, width=10)  # 0.02 x 500
    assert metrics.boundary_iou(a, b) != metrics.boundary_iou(a, b, width=9)
    assert metrics.boundary_iou(a, b) < metrics.mask_iou(a, b)


def test_two_empty_masks_need_a_decision() -> None:
    nothing = np.zeros((4, 4), bool)
    for score in (metrics.mask_iou, metrics.mask_dice, metrics.boundary_iou):
        with pytest.raises(ArrayError, match=r"0 / 0.*empty=1\.0"):
            score(nothing, nothing)
        assert score(nothing, nothing, empty=1.0) == 1
        assert score(nothing, nothing, empty=0.0) == 0


# --- the confusion matrix ---------------------------------------------------------------------


def test_a_matrix_counted_by_hand() -> None:
    truth = np.array([[0, 0, 1], [1, 2, 2]])
    prediction = np.array([[0, 1, 1], [1, 2, 0]])
    expected = [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    matrix = metrics.confusion_matrix(truth, prediction, 3)
    assert matrix.tolist() == expected
    assert metrics.accuracy(matrix) == 4 / 6
    np.testing.assert_allclose(metrics.iou_per_class(matrix), [1 / 3, 2 / 3, 1 / 2])
    np.testing.assert_allclose(metrics.dice_per_class(matrix), [1 / 2, 4 / 5, 2 / 3])
    assert metrics.mean_iou(matrix) == pytest.approx(1 / 2)
    assert metrics.mean_dice(matrix) == pytest.approx((1 / 2 + 4 / 5 + 2 / 3) / 3)


@given(any_labels, any_labels)
def test_rows_are_the_truth_and_columns_the_prediction(t: np.ndarray, p: np.ndarray) -> None:
    matrix = metrics.confusion_matrix(t, p, 4)
    np.testing.assert_array_equal(matrix.sum(axis=1), np.bincount(t.ravel(), minlength=4))
    np.testing.assert_array_equal(matrix.sum(axis=0), np.bincount(p.ravel(), minlength=4))
    np.testing.assert_array_equal(metrics.confusion_matrix(p, t, 4), matrix.T)


@given(any_labels, any_labels)
def test_matrices_add_up(t: np.ndarray, p: np.ndarray) -> None:
    parts = [metrics.confusion_matrix(t[:, s], p[:, s], 4) for s in (slice(0, 5), slice(5, None))]
    np.testing.assert_array_equal(sum(parts), metrics.confusion_matrix(t, p, 4))


@given(any_labels, any_labels)
def test_class_scores_are_those_of_the_class_masks(t: np.ndarray, p: np.ndarray) -> None:
    matrix = metrics.confusion_matrix(t, p, 4)
    for index in range(4):
        pair = t == index, p == index
        iou = metrics.mask_iou(*pair, empty=np.nan)
        dice = metrics.mask_dice(*pair, empty=np.nan)
        np.testing.assert_allclose(metrics.iou_per_class(matrix)[index], iou)
        np.testing.assert_allclose(metrics.dice_per_class(matrix)[index], dice)


@given(any_labels, any_labels)
def test_void_pixels_do_not_count(t: np.ndarray, p: np.ndarray) -> None:
    void = np.where(t == 3, 255, t).astype(np.uint8)
    kept = t != 3
    expected = metrics.confusion_matrix(t[kept], p[kept], 4)
    np.testing.assert_array_equal(metrics.confusion_matrix(void, p, 4, ignore=255), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int64])
def test_small_integer_types_do_not_overflow(dtype: type) -> None:
    labels = np.full((3, 3), 100, dtype)
    assert metrics.confusion_matrix(labels, labels, 101)[100, 100] == 9


def test_a_class_that_occurs_nowhere_is_nan_and_out_of_the_mean() -> None:
    labels = np.array([[0, 0, 1, 1]])
    matrix = metrics.confusion_matrix(labels, labels, 3)
    assert np.isnan(metrics.iou_per_class(matrix)).tolist() == [False, False, True]
    assert metrics.mean_iou(matrix) == 1
    assert metrics.mean_dice(matrix) == 1


def test_a_class_in_the_prediction_alone_scores_zero() -> None:
    matrix = metrics.confusion_matrix(np.array([0, 0]), np.array([0, 1]), 2)
    assert metrics.iou_per_class(matrix).tolist() == [0.5, 0]


def test_an_empty_matrix_has_no_score() -> None:
    nothing = np.zeros((3, 3), int)
    for score in (metrics.accuracy, metrics.mean_iou, metrics.mean_dice):
        assert np.isnan(score(nothing))


def test_scores_of_a_stack_are_those_of_its_members(rng: np.random.Generator) -> None:
    stack = rng.integers(0, 50, (5, 3, 3))
    for score in (metrics.accuracy, metrics.mean_iou, metrics.mean_dice, metrics.iou_per_class):
        np.testing.assert_allclose(score(stack), [score(matrix) for matrix in stack])


# --- the bootstrap ----------------------------------------------------------------------------


def images(rng: np.random.Generator, count: int, error: float) -> np.ndarray:
    """Matrices of pictures that are as hard as each other, up to chance."""
    truth = rng.integers(0, 3, (count, 40, 40))
    wrong = rng.random(truth.shape) < rng.uniform(0, 2 * error, (count, 1, 1))
    prediction = np.where(wrong, (truth + 1) % 3, truth)
    pairs = zip(truth, prediction, strict=True)
    return np.array([metrics.confusion_matrix(t, p, 3) for t, p in pairs])


@pytest.mark.parametrize("error", [0.02, 0.2, 0.4])
def test_the_interval_holds_the_score_itself(rng: np.random.Generator, error: float) -> None:
    matrices = images(rng, 40, error)
    low, high = metrics.bootstrap_interval(matrices, metrics.mean_iou)
    assert low < metrics.mean_iou(matrices.sum(axis=0)) < high
    assert 0 <= low < high <= 1


def test_more_images_and_less_confidence_make_it_narrower(rng: np.random.Generator) -> None:
    def width(matrices: np.ndarray) -> float:
        low, high = metrics.bootstrap_interval(matrices, metrics.mean_iou)
        return high - low

    many = images(rng, 200, 0.2)
    assert width(many) < width(many[:20])
    low, high = metrics.percentile_interval(rng.random(1000), 0.5)
    assert 0.2 < low < 0.3 < 0.7 < high < 0.8


def test_one_seed_gives_one_draw() -> None:
    first, again, other = (metrics.bootstrap_draws(10, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_images_that_are_all_alike_have_no_spread() -> None:
    alike = np.repeat([[[8, 2], [1, 9]]], 30, axis=0)
    low, high = metrics.bootstrap_interval(alike, metrics.accuracy)
    assert low == pytest.approx(0.85) and high == pytest.approx(0.85)


def test_the_interval_covers_the_truth_as_often_as_it_says(rng: np.random.Generator) -> None:
    """200 experiments of 60 pictures each; the true accuracy is known: 0.8."""
    hits = 0
    for _ in range(200):
        right = rng.binomial(100, rng.beta(8, 2, 60))
        matrices = np.zeros((60, 2, 2), int)
        matrices[:, 0, 0], matrices[:, 0, 1] = right, 100 - right
        low, high = metrics.bootstrap_interval(matrices, metrics.accuracy)
        hits += low <= 0.8 <= high
    assert 0.9 <= hits / 200 <= 0.99


def test_every_draw_has_as_many_images_as_there_are() -> None:
    drawn = metrics.bootstrap_draws(7, 50, seed=0)
    assert drawn.shape == (50, 7) and (drawn.sum(axis=1) == 7).all()
    assert drawn.std() > 0  # with replacement: some come twice, some not at all


# --- bad input --------------------------------------------------------------------------------

LABELS = np.zeros((4, 6), np.uint8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: metrics.mask_iou(np.ones((4, 6), bool), np.ones((4, 5), bool)),
            ["second", "4 x 6", "4 x 5", "nearest"],
        ),
        (lambda: metrics.mask_iou(LABELS, LABELS > 0), ["first", "bool", "uint8"]),
        (
            lambda: metrics.mask_dice(LABELS > 0, np.full((4, 6), np.nan)),
            ["second", "bool", "float64"],
        ),
        (
            lambda: metrics.boundary_iou(np.ones((4, 6), bool), np.ones((5, 6), bool)),
            ["second", "4 x 6", "5 x 6"],
        ),
        (
            lambda: metrics.boundary_iou(LABELS > 0, LABELS > 0, width=0, empty=1.0),
            ["width", "at least 1", "0"],
        ),
        (
            lambda: metrics.confusion_matrix(LABELS, np.zeros((4, 5), int), 2),
            ["prediction", "(4, 6)", "(4, 5)"],
        ),
        (
            lambda: metrics.confusion_matrix(LABELS, np.zeros((4, 6, 3)), 3),
            ["prediction", "(4, 6)", "(4, 6, 3)"],
        ),
        (
            lambda: metrics.confusion_matrix(LABELS + 3, LABELS, 3),
            ["truth", "0 to 2", "3 to 3", "- 1"],
        ),
        (
            lambda: metrics.confusion_matrix(LABELS, LABELS + 255, 3, ignore=255),
            ["prediction", "0 to 2", "255"],
        ),
        (
            lambda: metrics.confusion_matrix(LABELS, np.full((4, 6), np.nan), 3),
            ["prediction", "integer", "float64", "24 NaN"],
        ),
        (lambda: metrics.mean_iou(np.zeros((2, 3))), ["matrix", "(..., C, C)", "(2, 3)"]),
        (
            lambda: metrics.bootstrap_interval(np.zeros((0, 3, 3)), metrics.mean_iou),
            ["matrices", "N > 0", "(0, 3, 3)"],
        ),
        (
            lambda: metrics.bootstrap_interval(np.zeros((3, 3)), metrics.mean_iou),
            ["matrices", "(N, C, C)", "(3, 3)"],
        ),
    ],
)
def test_wrong_arrays(call, words: list[str]) -> None:
    with pytest.raises(ArrayError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


def test_images_of_one_unit_are_drawn_together() -> None:
    """Ten copies of each of four pictures tell no more than the four."""
    rng = np.random.default_rng(3)
    four = rng.integers(1, 50, (4, 3, 3))
    many, units = np.repeat(four, 10, axis=0), np.repeat(list("abcd"), 10)
    alone = metrics.bootstrap_interval(four, metrics.mean_iou)
    together = metrics.bootstrap_interval(many, metrics.mean_iou, units=units)
    too_narrow = metrics.bootstrap_interval(many, metrics.mean_iou)
    assert together == pytest.approx(alone)
    assert too_narrow[1] - too_narrow[0] < 0.5 * (alone[1] - alone[0])
    with pytest.raises(ArrayError, match="expected 40 labels"):
        metrics.bootstrap_interval(many, metrics.mean_iou, units=units[:3])
