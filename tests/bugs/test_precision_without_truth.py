"""Bug: a precision-recall curve for which every detection is called right (lab 4).

A published script for Mask R-CNN appends 1 to `y_true` for each score and never compares with the
truth that it has read. Its precision is 1.0 at every recall, whatever the model says, and objects
that nobody found do not appear. Whether a detection is right has to come from detection.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from helpers import detection

CAR = 1
Curve = Callable[[list[detection.Picture]], tuple[np.ndarray, np.ndarray]]


def wrong(pictures: list[detection.Picture]) -> tuple[np.ndarray, np.ndarray]:
    scores = np.concatenate([picture.scores for picture in pictures])
    y_true = np.ones(len(scores))
    right = np.cumsum(y_true[np.argsort(-scores)])
    return right / np.arange(1, len(scores) + 1), right / right[-1]


def right(pictures: list[detection.Picture]) -> tuple[np.ndarray, np.ndarray]:
    curve = detection.curve(detection.judge(pictures, CAR))
    return curve.precision, curve.recall


def picture(overlaps: list[list[float]]) -> detection.Picture:
    """Detections of falling score with these IoUs with the objects, all of one class."""
    iou = np.array(overlaps, float)
    detections, objects = iou.shape
    return detection.Picture(
        overlaps=iou,
        scores=np.linspace(0.9, 0.5, detections),
        classes=np.full(detections, CAR),
        truth_classes=np.full(objects, CAR),
        crowd=np.zeros(objects, bool),
    )


def check(curve: Curve) -> None:
    """A perfect answer has a precision of 1, a hopeless one of 0, and what is missed counts."""
    precision, recall = curve([picture([[0.9, 0.0], [0.0, 0.8]])])
    assert (precision == 1).all() and recall[-1] == 1
    precision, recall = curve([picture([[0.1, 0.0], [0.0, 0.2]])])
    assert (precision == 0).all() and (recall == 0).all()
    precision, recall = curve([picture([[0.9, 0.0, 0.0, 0.0], [0.1, 0.0, 0.0, 0.0]])])
    np.testing.assert_allclose(precision, [1, 0.5])
    np.testing.assert_allclose(recall, [0.25, 0.25])


def test_verdicts_from_matching_pass() -> None:
    check(right)


def test_calling_everything_right_fails() -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def test_the_published_curve_is_1_for_anything() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        precision, recall = wrong([picture(rng.random((8, 3)).tolist())])
        assert (precision == 1).all() and recall[-1] == 1
