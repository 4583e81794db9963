"""Bug: IoU from integer labels times softmax output (lab 1, section 12).

A published lab multiplies the labels 0, 1, 2 with three channels of probabilities. These sum to 1
in each pixel, so its "intersection" is the sum of the labels and its "union" the number of pixels:
the mean label, about 1.31 on Oxford-IIIT Pet, for every prediction alike.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from helpers import metrics


def trimap() -> np.ndarray:
    """0 pet, 1 border, 2 background, in about the proportions of Oxford-IIIT Pet."""
    y, x = np.mgrid[:128, :128] - 63.5
    distance = np.hypot(x, y)
    return np.where(distance < 39, 0, np.where(distance < 45.8, 1, 2))


def wrong(truth: np.ndarray, softmax: np.ndarray) -> float:
    """As published, with NumPy's sums in place of those that Keras 3 no longer has."""
    y_true, y_pred = truth[None, ..., None].astype("float32"), softmax[None].astype("float32")
    intersection = np.abs(y_true * y_pred).sum(axis=(1, 2, 3))
    union = y_true.sum(axis=(1, 2, 3)) + y_pred.sum(axis=(1, 2, 3)) - intersection
    return float(((intersection + 1) / (union + 1)).mean())


def right(truth: np.ndarray, softmax: np.ndarray) -> float:
    return float(metrics.mean_iou(metrics.confusion_matrix(truth, softmax.argmax(axis=-1), 3)))


def check(iou: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """Perfect is 1, wrong everywhere is 0, and everything else lies between."""
    truth = trimap()
    assert iou(truth, np.eye(3)[truth]) == 1
    assert iou(truth, np.eye(3)[(truth + 1) % 3]) == 0
    rng = np.random.default_rng(0)
    guess = rng.dirichlet(np.ones(3), truth.shape)
    assert 0 < iou(truth, guess) < 1


def test_the_confusion_matrix_passes() -> None:
    check(right)


def test_labels_times_softmax_fail() -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def test_the_wrong_value_is_the_mean_label_for_any_prediction() -> None:
    truth = trimap()
    perfect, hopeless = np.eye(3)[truth], np.eye(3)[(truth + 1) % 3]
    values = [wrong(truth, softmax) for softmax in (perfect, hopeless)]
    assert values == pytest.approx([truth.mean()] * 2, abs=1e-3)
    assert values == pytest.approx([1.31, 1.31], abs=0.005)
