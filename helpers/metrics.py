"""Pixel accuracy, IoU, Dice and Boundary IoU, and how sure one can be of them.

Lab 1 introduces the measures for two masks, lab 2 those of a whole test split: one confusion matrix
over all of its pixels, and a bootstrap over its images. Rests on NumPy and `helpers.masks` alone.

Undefined is never turned into a good score in silence: the IoU of two empty masks is an error
unless you say what it shall be, and the IoU of a class that occurs nowhere is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from helpers.errors import ArrayError
from helpers.masks import Labels, Mask, boundary_band, check_labels, check_mask, check_same_size

Matrix = NDArray[np.int64]


# --- two masks --------------------------------------------------------------------------------


def _overlap(first: Mask, second: Mask) -> tuple[int, int, int]:
    """Pixels in both masks, in the first and in the second."""
    first, second = check_mask(first, "first"), check_mask(second, "second")
    check_same_size(first, second, ("first", "second"))
    return int((first & second).sum()), int(first.sum()), int(second.sum())


def _ratio(part: int, whole: int, empty: float | None) -> float:
    if whole:
        return part / whole
    if empty is None:
        raise ArrayError(
            "first and second",
            expected="at least one pixel in either",
            found="two empty masks, so the ratio is 0 / 0",
            do="Leave such pairs out, or say what they count with `empty=1.0` or `empty=0.0`.",
        )
    return empty


def mask_iou(first: Mask, second: Mask, *, empty: float | None = None) -> float:
    """Intersection over union of two masks, |A and B| / |A or B|, from 0 to 1 (Jaccard, 1901).

    >>> mask_iou(np.array([[True, True, False]]), np.array([[False, True, True]]))
    0.3333333333333333

    Args:
        first: (H, W) bool.
        second: (H, W) bool, of the same size.
        empty: Value for two empty masks; without it they are an error.
    """
    both, a, b = _overlap(first, second)
    return _ratio(both, a + b - both, empty)


def mask_dice(first: Mask, second: Mask, *, empty: float | None = None) -> float:
    """Dice coefficient of two masks, 2 |A and B| / (|A| + |B|), from 0 to 1 (Dice, 1945).

    It is a function of the IoU, 2 IoU / (1 + IoU). Arguments as for `mask_iou`.

    >>> mask_dice(np.array([[True, True, False]]), np.array([[False, True, True]]))
    0.5
    """
    both, a, b = _overlap(first, second)
    return _ratio(2 * both, a + b, empty)


def boundary_iou(
    first: Mask, second: Mask, *, width: int | None = None, empty: float | None = None
) -> float:
    """IoU of the two boundary bands: as strict on a large object as on a small one.

    Args:
        first: (H, W) bool.
        second: (H, W) bool, of the same size.
        width: Width of the bands in pixels; by default 2 % of the picture's diagonal, at least 1
            (Cheng et al., "Boundary IoU", 2021).
        empty: As for `mask_iou`.
    """
    if width is None:
        width = max(1, round(0.02 * float(np.hypot(*np.shape(first)[:2]))))
    check_same_size(np.asarray(first), np.asarray(second), ("first", "second"))
    return mask_iou(boundary_band(first, width), boundary_band(second, width), empty=empty)


# --- a whole split ----------------------------------------------------------------------------


def confusion_matrix(
    truth: Labels, prediction: Labels, num_classes: int, *, ignore: int | None = None
) -> Matrix:
    """Counts pixels: entry [i, j] has class i in the truth and class j in the prediction.

    Args:
        truth: Integers from 0 to `num_classes - 1`, of any shape.
        prediction: Integers in the same range, of the same shape.
        num_classes: C, the size of the result.
        ignore: Value of the truth whose pixels do not count (void), often 255.

    Returns:
        (C, C) int64. Matrices of several images add up to the matrix of all their pixels.

    >>> confusion_matrix(np.array([0, 0, 1, 255]), np.array([0, 1, 1, 1]), 2, ignore=255)
    array([[1, 1],
           [0, 1]])
    """
    truth, prediction = check_labels(truth, name="truth"), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ArrayError(
            "prediction", expected=f"shape {truth.shape}", found=f"shape {prediction.shape}"
        )
    prediction = check_labels(prediction, num_classes, "prediction")
    if ignore is not None:
        kept = truth != ignore
        truth, prediction = truth[kept], prediction[kept]
    truth = check_labels(truth, num_classes, "truth")
    cells = truth.astype(np.int64).ravel() * num_classes + prediction.ravel()
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def _parts(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True positives, truth and prediction of each class, of (..., C, C) matrices."""
    matrix = np.asarray(matrix)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        found = f"shape {matrix.shape}"
        raise ArrayError("matrix", expected="shape (..., C, C)", found=found)
    return np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1), matrix.sum(axis=-2)


def _divide(part: np.ndarray, whole: np.ndarray) -> NDArray[np.float64]:
    """`part / whole`, and NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole != 0)


def accuracy(matrix: np.ndarray) -> NDArray[np.float64]:
    """Share of pixels labelled right, from 0 to 1. `matrix`: (..., C, C); returns (...)."""
    hits, truth, _ = _parts(matrix)
    return _divide(hits.sum(axis=-1), truth.sum(axis=-1))


def iou_per_class(matrix: np.ndarray) -> NDArray[np.float64]:
    """TP / (TP + FP + FN) of each class, from 0 to 1; NaN for a class in neither.

    `matrix`: (..., C, C) from `confusion_matrix`; returns (..., C).

    >>> iou_per_class(np.array([[1, 1], [0, 1]]))
    array([0.5, 0.5])
    """
    hits, truth, prediction = _parts(matrix)
    return _divide(hits, truth + prediction - hits)


def dice_per_class(matrix: np.ndarray) -> NDArray[np.float64]:
    """2 TP / (2 TP + FP + FN) of each class; as `iou_per_class`."""
    hits, truth, prediction = _parts(matrix)
    return _divide(2 * hits, truth + prediction)


def mean_iou(matrix: np.ndarray) -> NDArray[np.float64]:
    """The mean of `iou_per_class` over the classes that occur, as PASCAL VOC scores segmentation.

    `matrix`: (..., C, C); returns (...), NaN where no class occurs at all.
    """
    iou = iou_per_class(matrix)
    present = ~np.isnan(iou)
    return _divide(np.where(present, iou, 0).sum(axis=-1), present.sum(axis=-1))


def mean_dice(matrix: np.ndarray) -> NDArray[np.float64]:
    """The mean of `dice_per_class` over the classes that occur; as `mean_iou`."""
    dice = dice_per_class(matrix)
    present = ~np.isnan(dice)
    return _divide(np.where(present, dice, 0).sum(axis=-1), present.sum(axis=-1))


def bootstrap_interval(
    matrices: Sequence[np.ndarray] | np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    units: Sequence | None = None,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """How far a score may move when other images of the same kind are tested (Efron, 1979).

    Draws as many images as there are, with replacement, adds their matrices and takes the score;
    the interval holds the middle `level` of the `samples` scores (percentile method). Images are
    drawn and not pixels, because the pixels of one image are not independent of each other; nor
    are the images of one camera, hence `units`.

    Args:
        matrices: (N, C, C), the confusion matrix of each image.
        statistic: Function from (samples, C, C) to (samples,), such as `mean_iou`.
        units: N labels, such as camera numbers: images of one label are drawn together.
        level: Confidence level, from 0 to 1.
        samples: Number of draws.
        seed: Seed of the draws; the same seed gives the same interval.

    Returns:
        The lower and the upper end.
    """
    matrices = np.asarray(matrices)
    if matrices.ndim != 3 or not len(matrices):
        found = f"shape {matrices.shape}"
        raise ArrayError("matrices", expected="(N, C, C) with N > 0", found=found)
    if units is not None:
        matrices = _by_unit(matrices, units)
    count, classes, _ = matrices.shape
    drawn = bootstrap_draws(count, samples, seed)
    sums = (drawn @ matrices.reshape(count, -1)).reshape(samples, classes, classes)
    return percentile_interval(statistic(sums), level)


def _by_unit(values: np.ndarray, units: Sequence) -> np.ndarray:
    """Sums of the values with the same label."""
    labels, index = np.unique(np.asarray(units), return_inverse=True)
    if len(index) != len(values):
        raise ArrayError("units", expected=f"{len(values)} labels", found=str(len(index)))
    sums = np.zeros((len(labels), *values.shape[1:]), values.dtype)
    np.add.at(sums, index, values)
    return sums


def bootstrap_mean(
    values: Sequence[float] | np.ndarray,
    *,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """As `bootstrap_interval`, for the mean of one number for each image.

    Args:
        values: (N,), no NaN.
        level: Confidence level, from 0 to 1.
        samples: Number of draws.
        seed: Seed of the draws.

    Returns:
        The lower and the upper end.
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        found = f"shape {values.shape}" if values.ndim != 1 or not len(values) else "NaN"
        raise ArrayError("values", expected="(N,) numbers with N > 0", found=found)
    return percentile_interval(
        bootstrap_draws(len(values), samples, seed) @ values / len(values), level
    )


def bootstrap_draws(count: int, samples: int, seed: int) -> np.ndarray:
    """How often each of `count` images is drawn, when as many are drawn with replacement.

    Args:
        count: Number of images.
        samples: Number of draws.
        seed: Seed of the draws.

    Returns:
        (samples, count) int; each row adds up to `count`.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=samples)


def percentile_interval(scores: Sequence[float] | np.ndarray, level: float) -> tuple[float, float]:
    """The two ends of the middle `level` (0 to 1) of `scores` (samples,); NaN is left out."""
    low, high = np.nanquantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
