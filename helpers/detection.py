"""From detections and truth to a precision-recall curve and average precision, step by step.

The lesson of lab 4: overlaps, matching by the rules of the COCO evaluation (Lin et al., 2014), the
curve, its interpolation, averages and their intervals. Tests hold every step to pycocotools;
`helpers.coco` gets the same numbers from a library, faster and by size of the objects.

A *detection* is what a model claims, an *object* is part of the truth. A *crowd* is a region of
uncounted objects: it need not be found, and a detection on it is neither right nor wrong. Arrays
that do not fit together are an `ArrayError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from helpers.errors import ArrayError
from helpers.masks import boundary_band
from helpers.metrics import band_width, bootstrap_draws, percentile_interval

if TYPE_CHECKING:
    from helpers.detector import Detections
    from helpers.records import Example

Floats = NDArray[np.float64]

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # COCO's AP is the mean over these
RECALL_POINTS = np.linspace(0, 1, 101)  # COCO reads the curve at these recalls
MAX_DETECTIONS = 100  # in a picture, of one class


def mask_overlaps(
    detected: np.ndarray, truth: np.ndarray, crowd: np.ndarray | None = None
) -> Floats:
    """IoU (D, G) of every detected mask with every true one; 0 where both are empty.

    Args:
        detected: (D, H, W) bool.
        truth: (G, H, W) bool.
        crowd: (G,) bool. For a crowd, the share of the detection that lies on it replaces the IoU.

    >>> left, both = np.array([[[True, False]]]), np.array([[[True, True]]])
    >>> mask_overlaps(left, both).tolist()
    [[0.5]]
    >>> mask_overlaps(left, both, crowd=np.array([True])).tolist()
    [[1.0]]
    """
    detected, truth = np.asarray(detected), np.asarray(truth)
    for name, masks in (("detected", detected), ("truth", truth)):
        if masks.ndim != 3 or masks.dtype != np.bool_ or masks.shape[1:] != detected.shape[1:]:
            expected = "(N, H, W) bool of one height and width"
            found = f"{masks.shape} {masks.dtype}"
            raise ArrayError(name, expected=expected, found=found)
    # Only pixels of objects can be common. As floats, because NumPy multiplies only those fast;
    # the counts are exact up to 16 million pixels.
    covered = truth.any(axis=0)
    flat, objects = (m[:, covered].astype(np.float32) for m in (detected, truth))
    common = (flat @ objects.T).astype(float)
    return _iou(common, mask_areas(detected), mask_areas(truth), crowd)


def box_overlaps(
    detected: np.ndarray, truth: np.ndarray, crowd: np.ndarray | None = None
) -> Floats:
    """IoU (D, G) of detected boxes (D, 4) and true ones (G, 4), otherwise as `mask_overlaps`.

    >>> box_overlaps(np.array([[0, 0, 2, 2]]), np.array([[0, 0, 2, 4], [5, 5, 6, 6]])).tolist()
    [[0.5, 0.0]]
    """
    a = np.asarray(detected, float).reshape(-1, 1, 4)
    b = np.asarray(truth, float).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = np.clip(sides, 0, None).prod(axis=-1)
    return _iou(common, box_areas(detected), box_areas(truth), crowd)


def mask_areas(masks: np.ndarray) -> Floats:
    """Pixels (N,) of masks (N, H, W) bool.

    >>> mask_areas(np.array([[[True, False]], [[True, True]]])).tolist()
    [1.0, 2.0]
    """
    return np.array([np.count_nonzero(mask) for mask in masks], float)


def box_areas(boxes: np.ndarray) -> Floats:
    """Areas (N,) of boxes (N, 4).

    >>> box_areas(np.array([[0, 0, 2, 3]])).tolist()
    [6.0]
    """
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    return (boxes[:, 2:] - boxes[:, :2]).prod(axis=-1)


def _iou(common: Floats, areas: Floats, truth_areas: Floats, crowd: np.ndarray | None) -> Floats:
    alone = truth_areas - common
    union = areas[:, None] + (alone if crowd is None else np.where(crowd, 0, alone))
    return np.divide(common, union, out=np.zeros_like(common), where=common > 0)


def _bands(masks: np.ndarray) -> np.ndarray:
    """Boundary bands (N, H, W) bool of `band_width`."""
    width = band_width(masks.shape[1:])
    return np.array([boundary_band(mask, width) for mask in masks], bool).reshape(masks.shape)


@dataclass(frozen=True)
class Picture:
    """One picture's detections compared with its objects: all that the metrics look at."""

    overlaps: Floats  # (D, G)
    scores: Floats  # (D,)
    classes: NDArray[np.int64]  # (D,)
    truth_classes: NDArray[np.int64]  # (G,)
    crowd: NDArray[np.bool_]  # (G,)


def compare(detected: Detections, truth: Example, *, by: str = "mask") -> Picture:
    """Compare the detections of one picture with its objects.

    `by` is "mask", "box", or "boundary", the smaller of mask IoU and Boundary IoU.

    >>> from helpers.detector import Detections
    >>> from helpers.records import Example
    >>> box, masks = np.array([[0, 0, 2, 2]]), np.zeros((1, 4, 4), bool)
    >>> found = Detections(box, np.array([1]), np.array([0.9]), masks, ("car",))
    >>> truth = Example(np.zeros((4, 4, 3)), 2 * box, np.array([1]), masks, np.array([False]), "a")
    >>> compare(found, truth, by="box").overlaps.tolist()
    [[0.25]]
    """
    if by not in ("mask", "box", "boundary"):
        raise ArrayError("by", expected="'mask', 'box' or 'boundary'", found=repr(by))
    crowd = np.asarray(truth.crowd, bool)
    if by == "box":
        overlaps = box_overlaps(detected.boxes, truth.boxes, crowd)
    else:
        overlaps = mask_overlaps(detected.masks, truth.masks, crowd)
    if by == "boundary":
        edges = mask_overlaps(_bands(detected.masks), _bands(truth.masks), crowd)
        overlaps = np.where(crowd, overlaps, np.minimum(overlaps, edges))
    return Picture(
        overlaps=overlaps,
        scores=np.asarray(detected.scores, float),
        classes=np.asarray(detected.classes, np.int64),
        truth_classes=np.asarray(truth.classes, np.int64),
        crowd=crowd,
    )


def match(
    overlaps: np.ndarray, threshold: float = 0.5, crowd: np.ndarray | None = None
) -> NDArray[np.int64]:
    """Assign each detection at most one object, and each object at most one detection.

    The detections take turns, best score first. Each takes the free object that it overlaps most;
    only if there is none does it go to a crowd, which any number of detections may share.

    `overlaps` (D, G) come in order of falling score, `threshold` is the least overlap, `crowd` (G,)
    bool. The result (D,) is the number of each detection's object, or -1.

    >>> match(np.array([[0.9, 0.6], [0.8, 0.1]])).tolist()
    [0, -1]
    """
    matched = np.full(len(overlaps), -1)
    crowd = np.zeros(overlaps.shape[1], bool) if crowd is None else np.asarray(crowd, bool)
    free = np.ones(len(crowd), bool)
    threshold = min(threshold, 1 - 1e-10)  # so that 1.0 can be reached in spite of rounding
    for row, overlap in enumerate(overlaps):
        for group in (~crowd, crowd):
            candidates = np.flatnonzero(group & free & (overlap >= threshold))
            if candidates.size:
                # Of two that are equally good the later one, as in pycocotools.
                best = candidates[::-1][np.argmax(overlap[candidates[::-1]])]
                matched[row] = best
                free[best] = crowd[best]
                break
    return matched


@dataclass(frozen=True)
class Verdicts:
    """The detections of one class in all pictures, best score first; those on crowds left out."""

    scores: Floats  # (D,)
    hits: NDArray[np.bool_]  # (D,) whether it found an object
    picture: NDArray[np.int64]  # (D,) index of its picture
    objects: NDArray[np.int64]  # (P,) number of objects to find in each picture


def judge(pictures: Sequence[Picture], class_number: int, *, threshold: float = 0.5) -> Verdicts:
    """Decide whether each detection of a class is right; the best 100 of each picture count.

    Args:
        pictures: Results of `compare`.
        class_number: Number of the class, from 1.
        threshold: Least overlap with an object.

    >>> classes, overlaps = np.array([1, 1]), np.array([[0.1], [0.8]])
    >>> one = Picture(overlaps, np.array([0.9, 0.6]), classes, classes[:1], np.array([False]))
    >>> judge([one], 1).hits.tolist()
    [False, True]
    """
    scores, hits, numbers, objects = [], [], [], []
    for number, picture in enumerate(pictures):
        rows = np.flatnonzero(picture.classes == class_number)
        rows = rows[np.argsort(-picture.scores[rows], kind="stable")][:MAX_DETECTIONS]
        columns = np.flatnonzero(picture.truth_classes == class_number)
        crowd = picture.crowd[columns]
        matched = match(picture.overlaps[np.ix_(rows, columns)], threshold, crowd)
        counts = ~np.append(crowd, False)[matched]  # -1, no object, reads the appended False
        scores.append(picture.scores[rows][counts])
        hits.append(matched[counts] >= 0)
        numbers.append(np.full(int(counts.sum()), number))
        objects.append(int((~crowd).sum()))
    scores, hits, numbers = (np.concatenate([[], *parts]) for parts in (scores, hits, numbers))
    order = np.argsort(-scores, kind="stable")
    hits, numbers = hits[order].astype(bool), numbers[order].astype(int)
    return Verdicts(scores[order], hits, numbers, np.array(objects, int))


@dataclass(frozen=True)
class PRCurve:
    """Precision and recall with the threshold on the score at each detection in turn."""

    recall: Floats  # (D,) rising
    precision: Floats  # (D,)
    scores: Floats  # (D,) falling

    @property
    def f1(self) -> Floats:
        """Harmonic mean of precision and recall, (D,)."""
        total = self.precision + self.recall
        return np.divide(2 * self.precision * self.recall, total, out=total * 0, where=total > 0)


def curve(verdicts: Verdicts, weights: np.ndarray | float = 1.0) -> PRCurve:
    """Precision-recall curve of one class; recall is NaN where there is nothing to find.

    `weights` (P,) are how many times each picture counts.

    >>> scores, hits = np.array([0.9, 0.6, 0.2]), np.array([True, False, True])
    >>> one = curve(Verdicts(scores, hits, picture=np.zeros(3, int), objects=np.array([2])))
    >>> one.precision.round(2).tolist(), one.recall.tolist()
    ([1.0, 0.5, 0.67], [0.5, 0.5, 1.0])
    """
    weights = np.broadcast_to(np.asarray(weights, float), verdicts.objects.shape)
    weight = weights[verdicts.picture]
    right = np.cumsum(weight * verdicts.hits)
    claimed = np.cumsum(weight)
    total = weights @ verdicts.objects
    recall = right / total if total else np.full(len(right), np.nan)
    precision = np.divide(right, claimed, out=np.zeros_like(right), where=claimed > 0)
    return PRCurve(recall, precision, verdicts.scores)


def interpolate(one: PRCurve) -> Floats:
    """Precision at `RECALL_POINTS`, (101,): the best at this or any higher recall, else 0.

    >>> one = PRCurve(np.array([0.5, 0.5, 1]), np.array([1, 0.5, 0.67]), np.array([0.9, 0.6, 0.2]))
    >>> interpolate(one)[[0, 50, 51, 100]].tolist()
    [1.0, 1.0, 0.67, 0.67]
    """
    envelope = np.maximum.accumulate(one.precision[::-1])[::-1]
    first = np.searchsorted(one.recall, RECALL_POINTS, side="left")
    return np.append(envelope, 0.0)[first]


def average_precision(one: PRCurve) -> float:
    """Mean of `interpolate`: the area under the curve with its saw teeth filled.

    >>> one = PRCurve(np.array([0.5, 0.5, 1]), np.array([1, 0.5, 0.67]), np.array([0.9, 0.6, 0.2]))
    >>> round(average_precision(one), 3)
    0.837
    """
    return float(interpolate(one).mean())


class Score(NamedTuple):
    """Average precision and average highest recall; NaN where there is nothing to find."""

    ap: float
    ar: float


def score(
    pictures: Sequence[Picture],
    *,
    thresholds: Sequence[float] = tuple(IOU_THRESHOLDS),
    classes: Sequence[int] | None = None,
) -> Score:
    """AP and AR as COCO defines them; AP50 is `thresholds=[0.5]`.

    Args:
        pictures: Results of `compare`.
        thresholds: Least overlaps to average over.
        classes: Classes to average over; by default all that occur in the truth.

    >>> car = np.array([1])
    >>> one = Picture(np.array([[0.72]]), np.array([0.9]), car, car, np.array([False]))
    >>> score([one])  # found at 0.5, 0.55, 0.6, 0.65 and 0.7, not at the five higher overlaps
    Score(ap=0.5, ar=0.5)
    """
    return _mean_score(_all_verdicts(pictures, thresholds, classes))


def interval(
    pictures: Sequence[Picture],
    *,
    thresholds: Sequence[float] = tuple(IOU_THRESHOLDS),
    classes: Sequence[int] | None = None,
    units: Sequence | None = None,
    samples: int = 200,
) -> tuple[float, float]:
    """95 % interval of the AP: how far other data of the same kind may move it (a bootstrap).

    Args:
        pictures: Results of `compare`.
        thresholds: As for `score`.
        classes: As for `score`.
        units: (P,) labels, such as cameras, whose pictures are drawn together, because they are
            not independent; by default each picture is drawn alone.
        samples: Number of draws.

    >>> car = np.array([1])
    >>> one = Picture(np.array([[0.72]]), np.array([0.9]), car, car, np.array([False]))
    >>> interval([one, one, one])  # pictures that are all alike
    (0.5, 0.5)
    """
    if not len(pictures):
        raise ArrayError("pictures", expected="at least one", found="none")
    drawn = bootstrap_draws(len(pictures), samples, units=units)
    verdicts = _all_verdicts(pictures, thresholds, classes)
    return percentile_interval([_mean_score(verdicts, each).ap for each in drawn])


def _all_verdicts(
    pictures: Sequence[Picture], thresholds: Sequence[float], classes: Sequence[int] | None
) -> list[Verdicts]:
    if classes is None:
        classes = np.unique(np.concatenate([[], *(p.truth_classes for p in pictures)]))
    return [judge(pictures, c, threshold=t) for c in classes for t in thresholds]


def _mean_score(verdicts: Sequence[Verdicts], weights: np.ndarray | float = 1.0) -> Score:
    curves = [curve(one, weights) for one in verdicts if (one.objects * weights).sum()]
    if not curves:
        return Score(float("nan"), float("nan"))
    recalls = [one.recall[-1] if one.recall.size else 0.0 for one in curves]
    return Score(float(np.mean([*map(average_precision, curves)])), float(np.mean(recalls)))
