"""Pixel accuracy, IoU, Dice and Boundary IoU, and their uncertainty.

Lab 1 introduces the measures for two masks, lab 2 those of a whole test split: one confusion matrix
over all of its pixels, and a bootstrap over its images. Arrays that do not fit are an `ArrayError`,
and so is the IoU of two empty masks unless you give its value; that of an absent class is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from helpers.errors import ArrayError
from helpers.masks import Labels, Mask, boundary_band, check_labels, check_mask, check_same_size


def _overlap(first: Mask, second: Mask) -> tuple[int, int, int]:
    """Pixels in both masks, in the first and in the second."""
    first, second = check_mask(first, "first"), check_mask(second, "second")
    check_same_size(first, second, ("first", "second"))
    return int((first & second).sum()), int(first.sum()), int(second.sum())


def _ratio(part: int, whole: int, empty: float | None) -> float:
    if whole:
        return part / whole
    if empty is None:
        found = "two empty masks, so the ratio is 0 / 0"
        do = "Leave such pairs out, or say what they count with `empty=1.0` or `empty=0.0`."
        raise ArrayError("first and second", expected="a pixel in either", found=found, do=do)
    return empty


def mask_iou(first: Mask, second: Mask, *, empty: float | None = None) -> float:
    """Intersection over union of two masks, |A and B| / |A or B|, from 0 to 1 (Jaccard, 1901).

    Args:
        first: (H, W) bool.
        second: (H, W) bool, of the same size.
        empty: Value for two empty masks; without it they are an error.

    >>> mask_iou(np.array([[True, True, False]]), np.array([[False, True, True]]))
    0.3333333333333333
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

    `width` is that of the bands in pixels, by default `band_width`; the rest as for `mask_iou`.

    >>> large = np.ones((40, 40), bool)
    >>> smaller = np.pad(large[4:], ((0, 4), (0, 0)))
    >>> round(mask_iou(large, smaller), 2), round(boundary_iou(large, smaller), 2)
    (0.9, 0.57)
    """
    width = band_width(np.shape(first)) if width is None else width
    return mask_iou(boundary_band(first, width), boundary_band(second, width), empty=empty)


def band_width(size: Sequence[int]) -> int:
    """Boundary IoU's usual width in pixels, 2 % of a picture's diagonal (Cheng et al., 2021)."""
    return max(1, round(0.02 * float(np.hypot(*size[:2]))))


def confusion_matrix(
    truth: Labels, prediction: Labels, num_classes: int, *, ignore: int | None = None
) -> NDArray[np.int64]:
    """Count pixels: entry [i, j] has class i in the truth and class j in the prediction.

    Args:
        truth: Integers from 0 to C - 1, of any shape.
        prediction: Integers in the same range, of the same shape.
        num_classes: Number of classes, C.
        ignore: Value of the truth whose pixels do not count (void), often 255.

    The (C, C) int64 matrices of several images add up to the matrix of all their pixels.

    >>> confusion_matrix(np.array([0, 0, 1, 255]), np.array([0, 1, 1, 1]), 2, ignore=255)
    array([[1, 1],
           [0, 1]])
    """
    truth, prediction = check_labels(truth, name="truth"), np.asarray(prediction)
    if truth.shape != prediction.shape:
        expected, found = f"shape {truth.shape}", f"shape {prediction.shape}"
        raise ArrayError("prediction", expected=expected, found=found)
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
    """Share of pixels labelled right, from 0 to 1. `matrix`: (..., C, C); returns (...).

    >>> float(accuracy(np.array([[1, 1], [0, 2]])))
    0.75
    """
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

    >>> float(mean_iou(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]])))
    0.5
    """
    return _mean_of_present(iou_per_class(matrix))


def mean_dice(matrix: np.ndarray) -> NDArray[np.float64]:
    """The mean of `dice_per_class` over the classes that occur; as `mean_iou`.

    >>> float(mean_dice(np.array([[2, 1], [1, 2]])).round(3))
    0.667
    """
    return _mean_of_present(dice_per_class(matrix))


def _mean_of_present(scores: np.ndarray) -> NDArray[np.float64]:
    present = ~np.isnan(scores)
    return _divide(np.where(present, scores, 0).sum(axis=-1), present.sum(axis=-1))


def bootstrap_interval(
    matrices: Sequence[np.ndarray] | np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    units: Sequence | None = None,
) -> tuple[float, float]:
    """95 % interval of a score: how far other images of the same kind may move it (Efron, 1979).

    Draws as many images as there are, with replacement, adds their matrices and takes the score;
    the interval holds the middle 95 % of 2,000 such scores. Images are drawn and not pixels,
    because the pixels of one image are not independent of each other.

    Args:
        matrices: (N, C, C), the confusion matrix of each image.
        statistic: Function from (S, C, C) to (S,), such as `mean_iou`.
        units: N labels, such as camera numbers: images of one label are drawn together.

    >>> low, high = bootstrap_interval([[[9, 1], [2, 8]], [[5, 5], [0, 10]]], mean_iou)
    >>> round(low, 2), round(high, 2)
    (0.58, 0.74)
    """
    matrices = np.asarray(matrices)
    if matrices.ndim != 3 or not len(matrices):
        found = f"shape {matrices.shape}"
        raise ArrayError("matrices", expected="(N, C, C) with N > 0", found=found)
    drawn = bootstrap_draws(len(matrices), units=units) @ matrices.reshape(len(matrices), -1)
    return percentile_interval(statistic(drawn.reshape(-1, *matrices.shape[1:])))


def bootstrap_draws(
    count: int, samples: int = 2000, seed: int = 0, *, units: Sequence | None = None
) -> np.ndarray:
    """Number of times each of `count` images is drawn, if as many are drawn with replacement.

    Gives (samples, count) int. With `units`, a label for each image, whole units are drawn: as many
    as there are, each with all of its images.

    >>> bootstrap_draws(4, samples=3).sum(axis=1).tolist()
    [4, 4, 4]
    >>> bootstrap_draws(4, samples=3, units=["a", "b", "a", "b"]).tolist()
    [[1, 1, 1, 1], [1, 1, 1, 1], [0, 2, 0, 2]]
    """
    labels, unit = np.unique(range(count) if units is None else units, return_inverse=True)
    if len(unit) != count:
        raise ArrayError("units", expected=f"{count} labels", found=str(len(unit)))
    share = np.full(len(labels), 1 / len(labels))
    return np.random.default_rng(seed).multinomial(len(labels), share, size=samples)[:, unit]


def percentile_interval(
    scores: Sequence[float] | np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """The two ends of the middle `level` (0 to 1) of `scores` (S,); NaN is left out.

    >>> percentile_interval([0.0, 1.0], 0.5)
    (0.25, 0.75)
    """
    low, high = np.nanquantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
