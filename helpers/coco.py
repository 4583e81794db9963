"""AP and AR at scale: faster-coco-eval on the course's arrays, Boundary AP included.

Introduced in lab 4. The recipes' scores are computed here. Lab 4 prints those of
`helpers.detection`, which takes the same steps in a form to learn from; lab and tests compare both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from helpers.detection import box_areas, mask_areas
from helpers.errors import ArrayError

if TYPE_CHECKING:
    from helpers.detector import Detections
    from helpers.records import Example

# Sizes in pixels for Kerbside's pictures. They are not COCO's own (32 and 96 squared), which suit
# pictures twice as wide: do not compare an AP by size with those of papers.
AREAS = {"small": (0.0, 400.0), "medium": (400.0, 2500.0), "large": (2500.0, 1e10)}
_TYPES = {"mask": "segm", "box": "bbox", "boundary": "boundary"}


def evaluate(
    pictures: Sequence[tuple[Detections, Example]],
    *,
    by: str = "mask",
    areas: Mapping[str, tuple[float, float]] = AREAS,
    tags: Sequence[Sequence[str]] | None = None,
) -> dict[str, float]:
    """Scores of a whole split, over the classes that occur in its truth.

    Args:
        pictures: Detections and objects of each picture.
        by: "mask", "box", or "boundary", the smaller of mask IoU and Boundary IoU (Cheng et al.,
            2021), with a band as wide as 2 % of the picture's diagonal.
        areas: Names and limits in pixels of groups by size.
        tags: Tag of each object of each picture, to score groups of objects as well. An unmatched
            detection counts against all groups: an AP by tag is a lower bound, a recall is exact.

    The scores, from 0 to 1, are `ap`, `ap50`, `ap75`, `ar`, then `ap_<area>` and `ar_<area>`, then
    `ap_<tag>` and `ar_<tag>`; NaN where there is nothing to find. Pictures whose arrays do not fit
    together are an `ArrayError`.

    >>> from helpers.detector import Detections
    >>> from helpers.records import Example
    >>> box, mask, car = np.array([[0, 0, 3, 3]]), np.ones((1, 3, 3), bool), np.array([1])
    >>> truth = Example(np.zeros((3, 3, 3)), box, car, mask, np.array([False]), "a")
    >>> found = Detections(box, car, np.array([0.9]), mask, ("car",))
    >>> evaluate([(found, truth)], areas={})["ap"]
    1.0
    """
    if by not in _TYPES:
        raise ArrayError("by", expected=" or ".join(map(repr, _TYPES)), found=repr(by))
    if not len(pictures):
        raise ArrayError("pictures", expected="at least one", found="none")
    for k, (detected, truth) in enumerate(pictures):
        for one, last in (detected, detected.scores), (truth, truth.crowd):
            numbers = {len(each) for each in (one.boxes, one.masks, one.classes, last)}
            same_size = not len(one.masks) or one.masks.shape[1:] == truth.masks.shape[1:]
            if len(numbers) > 1 or not same_size:
                expected = f"as many boxes as masks, classes and scores, masks of {truth!r}"
                found = f"numbers {sorted(numbers)}, masks {one.masks.shape}"
                raise ArrayError(f"picture {k}", expected=expected, found=found)
    found = _annotations([detected for detected, _ in pictures], by, scored=True)
    objects = _annotations([truth for _, truth in pictures], by, scored=False)
    classes = sorted({each["category_id"] for each in objects})
    sizes = [truth.masks.shape[1:] for _, truth in pictures]
    frame = {
        "images": [{"id": k, "height": h, "width": w} for k, (h, w) in enumerate(sizes, start=1)],
        "categories": [{"id": number, "name": str(number)} for number in classes],
    }
    scores = _run(frame, objects, found, by, {"all": (0.0, 1e10), **areas})
    summary = {name: scores[f"{name}_all"] for name in ("ap", "ap50", "ap75", "ar")}
    summary |= {f"{m}_{area}": scores[f"{m}_{area}"] for area in areas for m in ("ap", "ar")}
    tag_of = [tag for each in tags or () for tag in each]
    for tag in sorted(set(tag_of)):
        # The library ignores what lies outside a range of areas: put the other groups there.
        group = [o | {"area": float(t == tag)} for o, t in zip(objects, tag_of, strict=True)]
        inside = [each | {"area": 1.0} for each in found]
        scores = _run(frame, group, inside, by, {"all": (0.5, 1.5)})
        summary |= {f"ap_{tag}": scores["ap_all"], f"ar_{tag}": scores["ar_all"]}
    return summary


def _annotations(pictures: Sequence, by: str, *, scored: bool) -> list[dict]:
    """COCO's dictionaries of all detections, which are scored, or of all objects."""
    from faster_coco_eval.core import mask as coco_mask

    annotations: list[dict] = []
    for image, one in enumerate(pictures, start=1):
        sizes = box_areas(one.boxes) if scored and by == "box" else mask_areas(one.masks)
        if by == "box":
            key = "bbox"  # x, y, width, height
            low, high = np.split(np.asarray(one.boxes, float).reshape(-1, 4), 2, axis=1)
            shapes = np.concatenate([low[:, ::-1], (high - low)[:, ::-1]], axis=1).tolist()
        else:
            key = "segmentation"
            pixels = np.asarray(one.masks, bool).view(np.uint8).transpose(1, 2, 0)
            shapes = coco_mask.encode(np.asfortranarray(pixels))
        for k, shape in enumerate(shapes):
            entry = {"score": float(one.scores[k])} if scored else {}
            entry |= {"image_id": image, "category_id": int(one.classes[k]), key: shape}
            entry |= {"iscrowd": 0 if scored else int(one.crowd[k]), "area": float(sizes[k])}
            annotations.append({"id": len(annotations) + 1, **entry})
    return annotations


def _run(
    frame: dict, objects: list[dict], found: list[dict], by: str, ranges: Mapping
) -> dict[str, float]:
    """AP, AP50, AP75 and AR in each range of areas."""
    from faster_coco_eval import COCO, COCOeval_faster

    truth, answers = (COCO({**frame, "annotations": each}) for each in (objects, found))
    evaluation = COCOeval_faster(truth, answers, _TYPES[by])
    evaluation.params.areaRng = [list(limits) for limits in ranges.values()]
    evaluation.params.areaRngLbl = list(ranges)
    evaluation.params.maxDets = [100]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][..., 0]
    recall = evaluation.eval["recall"][..., 0]
    rows_of = {"ap": slice(None), "ap50": slice(1), "ap75": slice(5, 6)}
    scores = {}
    for k, name in enumerate(ranges):
        scores |= {f"{ap}_{name}": _mean(precision[rows, ..., k]) for ap, rows in rows_of.items()}
        scores[f"ar_{name}"] = _mean(recall[..., k])
    return scores


def _mean(values: np.ndarray) -> float:
    """Mean of what is defined; COCO marks the rest with -1."""
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else float("nan")
