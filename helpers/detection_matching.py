"""Which detection found which object, by the rules of the COCO evaluation (Lin et al., 2014).

Introduced in lab 4, where the precision-recall curve is built from it point by point; the curve and
its averages are in `helpers.detection_metrics`. Rests on NumPy alone.

A *detection* is what a model says, an *object* is what the truth says. A crowd is an object that
stands for many: it is never asked for, and whatever lies on it is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from helpers.errors import ArrayError, explain

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

EVERY_AREA = (0.0, 1e10)
"""Pixels: no object is left out for its size."""


class Detected(Protocol):
    """What a model says about a picture; `helpers.detector.Detections` is one."""

    boxes: np.ndarray  # (D, 4)
    masks: np.ndarray  # (D, H, W) bool
    classes: np.ndarray  # (D,)
    scores: np.ndarray  # (D,)


class Truth(Protocol):
    """What is in a picture; `helpers.records.Example` is one."""

    boxes: np.ndarray  # (G, 4)
    masks: np.ndarray  # (G, H, W) bool
    classes: np.ndarray  # (G,)
    crowd: np.ndarray  # (G,) bool


# --- overlaps ---------------------------------------------------------------------------------


def mask_overlaps(detected: np.ndarray, truth: np.ndarray, crowd: np.ndarray) -> Floats:
    """IoU of every detection with every object.

    Args:
        detected: (D, H, W) bool.
        truth: (G, H, W) bool.
        crowd: (G,) bool; of a crowd, the share of the detection that lies on it is taken instead.

    Returns:
        (D, G), from 0 to 1; 0 where both are empty.
    """
    detected, truth = np.asarray(detected), np.asarray(truth)
    for name, masks in (("detected", detected), ("truth", truth)):
        if masks.ndim != 3 or masks.dtype != np.bool_:
            found = f"{masks.shape} {masks.dtype}"
            raise ArrayError(explain(name, expected="(N, H, W) bool", found=found))
    if detected.shape[1:] != truth.shape[1:]:
        found = f"{detected.shape[1:]} and {truth.shape[1:]}"
        raise ArrayError(explain("masks", expected="one height and width", found=found))
    # Only pixels of objects can be common. Floats, because NumPy multiplies only them fast; exact
    # up to 16 million pixels.
    covered = truth.any(axis=0)
    flat, objects = (m[:, covered].astype(np.float32) for m in (detected, truth))
    both = (flat @ objects.T).astype(float)
    return _share(both, mask_areas(detected), mask_areas(truth), crowd)


def box_overlaps(detected: np.ndarray, truth: np.ndarray, crowd: np.ndarray) -> Floats:
    """As `mask_overlaps`, for (D, 4) and (G, 4) boxes `ymin, xmin, ymax, xmax`."""
    a = np.asarray(detected, float).reshape(-1, 1, 4)
    b = np.asarray(truth, float).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    both = np.clip(sides, 0, None).prod(axis=-1)
    return _share(both, box_areas(detected), box_areas(truth), crowd)


def mask_areas(masks: np.ndarray) -> Floats:
    """Pixels (N,) of masks (N, H, W) bool."""
    return np.array([np.count_nonzero(mask) for mask in masks], float)


def box_areas(boxes: np.ndarray) -> Floats:
    """Areas (N,) of boxes (N, 4)."""
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    return (boxes[:, 2:] - boxes[:, :2]).prod(axis=-1)


def _share(both: Floats, areas: np.ndarray, truth_areas: np.ndarray, crowd: np.ndarray) -> Floats:
    whole = areas[:, None] + np.where(crowd, 0, truth_areas - both)
    return np.divide(both, whole, out=np.zeros_like(both), where=both > 0)


@dataclass(frozen=True)
class Picture:
    """Detections and objects of one picture, compared: all that the metrics look at."""

    overlaps: Floats  # (D, G)
    scores: Floats  # (D,)
    classes: NDArray[np.int64]  # (D,)
    areas: Floats  # (D,) pixels
    truth_classes: NDArray[np.int64]  # (G,)
    truth_areas: Floats  # (G,) pixels
    crowd: Bools  # (G,)
    tags: tuple[str, ...] | None = None  # (G,) such as "heavy", to score groups of objects


def compare(
    detected: Detected, truth: Truth, *, by: str = "mask", tags: Sequence[str] | None = None
) -> Picture:
    """Compares what was detected with what is there, by "mask" or by "box"."""
    if by not in ("mask", "box"):
        raise ArrayError(explain("by", expected="'mask' or 'box'", found=repr(by)))
    crowd = np.asarray(truth.crowd, bool)
    if by == "mask":
        overlaps = mask_overlaps(detected.masks, truth.masks, crowd)
        areas = mask_areas(detected.masks)
    else:
        overlaps = box_overlaps(detected.boxes, truth.boxes, crowd)
        areas = box_areas(detected.boxes)
    return Picture(
        overlaps=overlaps,
        scores=np.asarray(detected.scores, float),
        classes=np.asarray(detected.classes, np.int64),
        areas=areas,
        truth_classes=np.asarray(truth.classes, np.int64),
        truth_areas=mask_areas(truth.masks),
        crowd=crowd,
        tags=None if tags is None else tuple(tags),
    )


# --- matching ---------------------------------------------------------------------------------


def match(overlaps: np.ndarray, threshold: float, crowd: np.ndarray, ignored: np.ndarray):
    """Gives each detection at most one object, and each object at most one detection.

    The detections take turns, best score first. Each takes the free object that it overlaps most;
    one that counts goes before one that is ignored, and a crowd is never used up.

    Args:
        overlaps: (D, G), rows in order of falling score.
        threshold: least overlap.
        crowd: (G,) bool.
        ignored: (G,) bool; every crowd is.

    Returns:
        (D,) int: the object's number, or -1.
    """
    matched = np.full(len(overlaps), -1)
    free = np.ones(len(crowd), bool)
    threshold = min(threshold, 1 - 1e-10)  # so that 1.0 can be reached in spite of rounding
    for row, overlap in enumerate(overlaps):
        for group in (~ignored, ignored):
            candidates = np.flatnonzero(group & free & (overlap >= threshold))
            if candidates.size:
                # Of two that are equally good the later one, as pycocotools does it.
                best = candidates[::-1][np.argmax(overlap[candidates[::-1]])]
                matched[row] = best
                free[best] = crowd[best]
                break
    return matched


@dataclass(frozen=True)
class Verdicts:
    """The detections of one class in all pictures that count, best score first."""

    scores: Floats  # (D,)
    hits: Bools  # (D,) whether it found an object
    picture: NDArray[np.int64]  # (D,) in which picture
    objects: NDArray[np.int64]  # (P,) how many objects there are to find in each picture


def judge(
    pictures: Sequence[Picture],
    class_number: int,
    *,
    threshold: float = 0.5,
    max_detections: int = 100,
    area: tuple[float, float] = EVERY_AREA,
    tag: str | None = None,
) -> Verdicts:
    """Says of every detection of a class whether it is right, and leaves out what does not count.

    Args:
        pictures: from `compare`.
        class_number: from 1.
        threshold: least overlap with an object.
        max_detections: the best so many in each picture.
        area: only objects of this many pixels count, and of unmatched detections only those.
        tag: only objects with this tag count. Unmatched detections have no tag: all of them count
            as wrong, so an AP by tag is a lower bound, and a recall by tag is exact.
    """
    scores, hits, numbers, objects = [], [], [], []
    for number, picture in enumerate(pictures):
        rows = np.flatnonzero(picture.classes == class_number)
        rows = rows[np.argsort(-picture.scores[rows], kind="stable")][:max_detections]
        columns = np.flatnonzero(picture.truth_classes == class_number)
        crowd, sizes = picture.crowd[columns], picture.truth_areas[columns]
        ignored = crowd | (sizes < area[0]) | (sizes > area[1])
        if tag is not None:
            ignored |= np.array(picture.tags)[columns] != tag
        matched = match(picture.overlaps[np.ix_(rows, columns)], threshold, crowd, ignored)
        found = matched >= 0
        elsewhere = (picture.areas[rows] < area[0]) | (picture.areas[rows] > area[1])
        counts = np.where(found, ~ignored[matched] if ignored.size else False, ~elsewhere)
        scores.append(picture.scores[rows][counts])
        hits.append(found[counts])
        numbers.append(np.full(int(counts.sum()), number))
        objects.append(int((~ignored).sum()))
    joined = [np.concatenate([[], *parts]) for parts in (scores, hits, numbers)]
    order = np.argsort(-joined[0], kind="stable")
    return Verdicts(
        joined[0][order], joined[1][order].astype(bool), joined[2][order].astype(int),
        np.array(objects, int),
    )  # fmt: skip
