"""Precision-recall curves, average precision and average recall of detections.

Introduced in lab 4, on top of `helpers.detection_matching`. The numbers agree with pycocotools to
the last digits, which a test holds them to; what the course reports comes from pycocotools itself
(`helpers.coco_scores`), what it explains from here. Rests on NumPy and, for the
bootstrap, `helpers.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpers.detection_matching import Floats, Picture, Verdicts, judge
from helpers.errors import ArrayError, explain
from helpers.metrics import bootstrap_draws, percentile_interval

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""COCO's AP is the mean over these."""

RECALL_POINTS = np.linspace(0, 1, 101)
"""COCO reads the curve at these recalls."""


# --- curves -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PRCurve:
    """Precision and recall if the threshold on the score were at each detection in turn."""

    recall: Floats  # (D,) rising
    precision: Floats  # (D,)
    scores: Floats  # (D,) falling

    @property
    def f1(self) -> Floats:
        """Harmonic mean of precision and recall, (D,)."""
        total = self.precision + self.recall
        return np.divide(2 * self.precision * self.recall, total, out=total * 0, where=total > 0)


def curve(verdicts: Verdicts, weights: np.ndarray | None = None) -> PRCurve:
    """The curve of one class; recall is NaN where there is nothing to find.

    Args:
        verdicts: from `judge`.
        weights: (P,) how often each picture counts; once by default.
    """
    if weights is None:
        weights = np.ones(len(verdicts.objects))
    weights = np.asarray(weights, float)
    weight = weights[verdicts.picture]
    right = np.cumsum(weight * verdicts.hits)
    said = np.cumsum(weight)
    total = weights @ verdicts.objects
    recall = right / total if total else np.full(len(right), np.nan)
    precision = np.divide(right, said, out=np.zeros_like(right), where=said > 0)
    return PRCurve(recall, precision, verdicts.scores)


def interpolate(one: PRCurve) -> Floats:
    """Precision at `RECALL_POINTS`, (101,): the best at this or any higher recall, else 0."""
    envelope = np.maximum.accumulate(one.precision[::-1])[::-1]
    first = np.searchsorted(one.recall, RECALL_POINTS, side="left")
    return np.append(envelope, 0.0)[first]


def average_precision(one: PRCurve) -> float:
    """The mean of `interpolate`: the area under the curve without its saw teeth."""
    return float(interpolate(one).mean())


# --- averages ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """Means over classes and IoU thresholds; NaN where no object counts."""

    ap: float  # average precision
    ar: float  # average recall: the highest recall reached


def score(
    pictures: Sequence[Picture],
    *,
    thresholds: Sequence[float] = tuple(IOU_THRESHOLDS),
    classes: Sequence[int] | None = None,
    **options,
) -> Score:
    """AP and AR as COCO has them: AP50 is `thresholds=[0.5]`, AR1 is `max_detections=1`.

    Args:
        pictures: from `compare`.
        thresholds: of the overlap.
        classes: by default all that occur in the truth.
        options: `max_detections`, `area` and `tag` of `judge`.
    """
    return _mean_score(_all_verdicts(pictures, thresholds, classes, options))


def interval(
    pictures: Sequence[Picture],
    *,
    thresholds: Sequence[float] = tuple(IOU_THRESHOLDS),
    classes: Sequence[int] | None = None,
    level: float = 0.95,
    samples: int = 200,
    seed: int = 0,
    **options,
) -> tuple[float, float]:
    """How far the AP may move with other pictures of the same kind: a bootstrap over pictures.

    As `helpers.metrics.bootstrap_interval`; arguments of `score`, and those of that function.
    """
    if not len(pictures):
        raise ArrayError(explain("pictures", expected="at least one", found="none"))
    verdicts = _all_verdicts(pictures, thresholds, classes, options)
    drawn = bootstrap_draws(len(pictures), samples, seed)
    return percentile_interval([_mean_score(verdicts, each).ap for each in drawn], level)


def _all_verdicts(pictures, thresholds, classes, options) -> list[Verdicts]:
    if classes is None:
        classes = np.unique(np.concatenate([[], *(p.truth_classes for p in pictures)]))
    return [judge(pictures, c, threshold=t, **options) for c in classes for t in thresholds]


def _mean_score(verdicts: Sequence[Verdicts], weights: np.ndarray | None = None) -> Score:
    precisions, recalls = [], []
    for one in verdicts:
        if (one.objects if weights is None else one.objects * weights).sum():
            drawn = curve(one, weights)
            precisions.append(average_precision(drawn))
            recalls.append(drawn.recall[-1] if drawn.recall.size else 0.0)
    if not precisions:
        return Score(float("nan"), float("nan"))
    return Score(float(np.mean(precisions)), float(np.mean(recalls)))
