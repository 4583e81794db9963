"""Scores of a detector on a whole split: Kerbside records or photographs in COCO format.

Introduced in lab 4; used by `python -m tools.recipes.maskrcnn evaluate`. Rests on
`helpers.detector`, `helpers.kerbside` and `helpers.coco`.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from helpers import coco, detection, kerbside
from helpers.detector import LEAST_SCORE, Detections
from helpers.errors import DataError
from helpers.records import Example
from parking.rules import filled
from tools.recipes.maskrcnn.photographs import CLASSES, NOT_JUDGED, UNKNOWN, Photograph


def detect_all(
    detect: Callable[[np.ndarray, float], Detections], cases: Iterable
) -> tuple[list[tuple[Detections, Any]], float]:
    """Run a detector on the `image` of every case, with a progress bar.

    Args:
        detect: Detector from `load_detector`, called with `LEAST_SCORE`.
        cases: Examples, as yielded by `records.read`; all are read before detection.

    Returns:
        Pairs of detections and case, and pictures per second, excluding the first one, which
        includes TensorFlow's initialisation.
    """
    from tqdm.auto import tqdm

    cases = list(cases)
    if not cases:
        raise DataError("pictures", expected="at least one", found="none")
    first = detect(cases[0].image, LEAST_SCORE)
    start = time.perf_counter()
    options = {"total": len(cases), "initial": 1, "desc": "detect", "unit": "image"}
    others = tqdm(cases[1:], leave=False, **options)
    found = [first, *(detect(case.image, LEAST_SCORE) for case in others)]
    speed = (len(cases) - 1) / (time.perf_counter() - start) if len(cases) > 1 else math.nan
    return list(zip(found, cases, strict=True)), speed


def photograph_cases(
    photographs: Iterable[Photograph],
    categories: Sequence[str],
    class_number: int,
    detected_as: Sequence[int],
    *,
    by: str = "mask",
) -> Iterator[Example]:
    """Cases from photographs, with the objects of some categories merged into one class.

    Ignored regions become crowds, in which detections are neither true nor false positives: COCO
    crowds and objects marked as difficult; objects of other categories covered by the same model
    classes, such as trucks if only cars are scored but vans count as cars; objects without an
    outline if masks are scored; and the whole picture if some objects are not labelled.

    All other objects are background: a detection on one is a false positive. Their numbers are
    printed at the end, without those of pictures that are ignored as a whole.

    Args:
        photographs: From `photographs.read`.
        categories: Names of the scored categories.
        class_number: Class id assigned to all of them.
        detected_as: Classes of the model that count as these categories.
        by: "mask", or "box", which ignores outlines.
    """
    background: Counter[str] = Counter()
    for photograph in photographs:
        height, width = photograph.image.shape[:2]
        boxes, masks, crowd = [], [], []
        for box, name, mask, unclear in zip(
            photograph.boxes, photograph.categories, photograph.masks, photograph.crowd, strict=True
        ):
            wanted = name in categories
            if wanted or CLASSES.get(name) in detected_as or name in NOT_JUDGED:
                drawn = mask.max() != UNKNOWN
                boxes.append(box)
                masks.append(mask == 1 if drawn else filled([box], (height, width))[0])
                crowd.append(bool(unclear) or not wanted or (by == "mask" and not drawn))
            elif photograph.complete:
                background[name] += 1
        if not photograph.complete:
            boxes.append(np.array([0, 0, height, width], float))
            masks.append(np.ones((height, width), bool))
            crowd.append(True)
        yield Example(
            image=photograph.image,
            boxes=np.array(boxes, float).reshape(-1, 4),
            classes=np.full(len(boxes), class_number),
            masks=np.array(masks, bool).reshape(-1, height, width),
            crowd=np.array(crowd, bool),
            source_id=photograph.name,
        )
    if background:
        counts = ", ".join(f"{count} {name!r}" for name, count in sorted(background.items()))
        print(f"note: background, a detection there is a false alarm: {counts}", file=sys.stderr)


def only(
    pairs: Iterable[tuple[Detections, Example]], numbers: Sequence[int], as_number: int
) -> list[tuple[Detections, Example]]:
    """Keep only the detections of some classes, merged into one class."""
    kept = []
    for found, case in pairs:
        found = found.take(np.isin(found.classes, numbers))
        found = replace(found, classes=np.full(len(found), as_number))
        kept.append((found, case))
    return kept


def as_boxes(found: Detections) -> Detections:
    """Replace masks by filled boxes: the result of a detector without masks."""
    return replace(found, masks=filled(found.boxes, found.masks.shape[1:]))


def summary(pairs: Sequence[tuple[Detections, Example]], images_per_second: float) -> dict:
    """Summary for the command line: AP by mask, box and boundary, by size and by occlusion."""
    tags = [
        [f"occlusion_{each['tags']['occlusion']}" for each in kerbside.objects(case)]
        for _, case in pairs
    ]
    known = all(len(tag) == len(c.classes) for tag, (_, c) in zip(tags, pairs, strict=True))
    tagged = tags if known and any(tags) else None
    mask = coco.evaluate(pairs, by="mask", tags=tagged)
    box = coco.evaluate(pairs, by="box")
    boundary = coco.evaluate(pairs, by="boundary")
    without_masks = [(as_boxes(found), case) for found, case in pairs]
    scores = {
        "images": len(pairs),
        "objects": int(sum((~case.crowd).sum() for _, case in pairs)),
        **{f"mask_{name}": value for name, value in mask.items()},
        "box_ap": box["ap"],
        "box_ap50": box["ap50"],
        "boundary_ap": boundary["ap"],
        "boxes_as_masks_ap": coco.evaluate(without_masks, by="mask")["ap"],
        "images_per_second": images_per_second,
    }
    return _plain(scores)


def intervals(pairs: Sequence[tuple[Detections, Example]], units: Sequence[str]) -> dict:
    """95 % intervals of mask AP, mask AP50 and box AP, from a bootstrap over the units.

    Args:
        pairs: Detections and ground truth of each picture.
        units: Sampling unit of each picture, such as its camera: pictures from one camera are not
            independent.
    """
    masks, boxes = (
        [detection.compare(found, case, by=by) for found, case in pairs] for by in ("mask", "box")
    )
    ends = {
        "mask_ap_ci95": detection.interval(masks, units=units),
        "mask_ap50_ci95": detection.interval(masks, units=units, thresholds=[0.5]),
        "box_ap_ci95": detection.interval(boxes, units=units),
    }
    rounded = {name: [round(end, 4) for end in each] for name, each in ends.items()}
    return rounded | {"ci95_units": len(set(units))}


def photograph_row(
    pairs: Sequence[tuple[Detections, Example]], *, source: str, category: str, by: str
) -> dict:
    """AP and AP50 of one category on the photographs of one source, with intervals.

    Args:
        pairs: Detections and ground truth of each photograph, of one class only.
        source: Name of the source.
        category: Name of the category.
        by: "mask", or "box" if there are no annotated masks.

    Returns:
        A row for the record beside the weights: the names, the numbers of `images` and `objects`,
        `ap` and `ap50` from 0 to 1 and the bounds of their 95 % intervals, from a bootstrap over
        the photographs.
    """
    pictures = [detection.compare(found, case, by=by) for found, case in pairs]
    row = {"source": source, "category": category, "by": by, "unit": "picture"}
    row |= {"images": len(pairs), "objects": int(sum((~p.crowd).sum() for p in pictures))}
    for name, thresholds in (("ap", detection.IOU_THRESHOLDS), ("ap50", [0.5])):
        value = detection.score(pictures, thresholds=thresholds).ap
        low, high = detection.interval(pictures, thresholds=thresholds)
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return _plain(row)


def _plain(scores: dict) -> dict:
    """Round to four decimals; NaN, which is not valid JSON, becomes None."""
    return {
        name: None
        if isinstance(value, float) and math.isnan(value)
        else round(float(value), 4)
        if isinstance(value, float)
        else value
        for name, value in scores.items()
    }
