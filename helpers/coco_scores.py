"""AP and AR for reports: pycocotools on the course's arrays, Boundary AP included.

Introduced in lab 4. Everything that the course reports about a detector is computed here, by the
reference implementation; `helpers.detection_metrics` has the same steps in a form to learn from.
Rests on pycocotools, `helpers.masks` and `helpers.metrics`.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from helpers.detection_matching import Detected, Truth, box_areas, mask_areas
from helpers.errors import ArrayError, explain
from helpers.masks import boundary_band

KINDS = ("mask", "box", "boundary")

AREAS = {"small": (0.0, 400.0), "medium": (400.0, 2500.0), "large": (2500.0, 1e10)}
"""Kerbside's sizes in pixels; COCO's own (32 and 96 squared) suit pictures twice as wide."""

MAX_DETECTIONS = 100


def evaluate(
    pictures: Sequence[tuple[Detected, Truth]],
    *,
    by: str = "mask",
    classes: Sequence[int] | None = None,
    areas: Mapping[str, tuple[float, float]] = AREAS,
    tags: Sequence[Sequence[str]] | None = None,
) -> dict[str, float]:
    """Scores a whole split.

    Args:
        pictures: what was detected and what is there.
        by: "mask", "box", or "boundary": the smaller of mask IoU and Boundary IoU, as Cheng et al.
            (2021) define Boundary AP, so that a ring is not taken for a disc.
        classes: numbers to score; by default all that occur in the truth.
        areas: names and limits in pixels.
        tags: for each picture a tag for each object, to report groups of objects as well. An
            unmatched detection belongs to no group and counts against all: an AP by tag is a lower
            bound, a recall by tag is exact.

    Returns:
        `ap`, `ap50`, `ap75`, `ar`, then `ap_<area>` and `ar_<area>`, then `ap_<tag>` and
        `ar_<tag>`; from 0 to 1, NaN where there is nothing to find.

    Raises:
        ArrayError: no pictures, or an unknown `by`.
    """
    if by not in KINDS:
        raise ArrayError(explain("by", expected=" or ".join(KINDS), found=repr(by)))
    if not len(pictures):
        raise ArrayError(explain("pictures", expected="at least one", found="none"))
    annotations, numbers = _annotations(pictures, by, tags)
    results = _results(pictures, by)
    if classes is None:
        classes = sorted({a["category_id"] for a in annotations})
    images = [
        {"id": number, "height": truth.masks.shape[1], "width": truth.masks.shape[2]}
        for number, (_, truth) in enumerate(pictures, start=1)
    ]
    truth, found = _dataset(images, annotations, classes), _dataset(images, results, classes)
    ranges = {"all": (0.0, 1e10), **areas}
    evaluation = _Evaluation(truth, found, by)
    scores = evaluation.run(ranges)
    summary = {"ap": scores["ap_all"], "ap50": scores["ap50_all"], "ap75": scores["ap75_all"]}
    summary["ar"] = scores["ar_all"]
    summary |= {f"{m}_{area}": scores[f"{m}_{area}"] for area in areas for m in ("ap", "ar")}
    for tag in sorted({one for each in tags or () for one in each}):
        evaluation.outside = {n for n, own in numbers.items() if own != tag}
        scores = evaluation.run({"all": ranges["all"]})
        summary |= {f"ap_{tag}": scores["ap_all"], f"ar_{tag}": scores["ar_all"]}
    return summary


def quiet() -> contextlib.AbstractContextManager:
    """Keeps standard output clean: pycocotools reports there what it is doing."""
    return contextlib.redirect_stdout(io.StringIO())


# --- to COCO's dictionaries -------------------------------------------------------------------


def _annotations(pictures, by, tags) -> tuple[list[dict], dict[int, str]]:
    """The objects of all pictures, and the tag of each by its number."""
    annotations, tag_of = [], {}
    for image, (_, truth) in enumerate(pictures, start=1):
        for k, shape in enumerate(_shapes(truth, by)):
            # From 1: pycocotools takes the number 0 for "not matched".
            number = len(annotations) + 1
            annotations.append(
                {
                    "id": number,
                    "image_id": image,
                    "category_id": int(truth.classes[k]),
                    "iscrowd": int(truth.crowd[k]),
                    "area": float(np.count_nonzero(truth.masks[k])),
                    **shape,
                }
            )
            if tags is not None:
                tag_of[number] = tags[image - 1][k]
    return annotations, tag_of


def _results(pictures, by) -> list[dict]:
    results: list[dict] = []
    for image, (detected, _) in enumerate(pictures, start=1):
        sizes = box_areas(detected.boxes) if by == "box" else mask_areas(detected.masks)
        for k, shape in enumerate(_shapes(detected, by)):
            results.append(
                {
                    "id": len(results) + 1,
                    "image_id": image,
                    "category_id": int(detected.classes[k]),
                    "score": float(detected.scores[k]),
                    "area": float(sizes[k]),
                    **shape,
                }
            )
    return results


def _shapes(things: Detected | Truth, by: str) -> list[dict]:
    """Box (x, y, width, height) or run-length codes of each detection or object."""
    if by == "box":
        ymin, xmin, ymax, xmax = np.asarray(things.boxes, float).reshape(-1, 4).T
        return [
            {"bbox": box.tolist()} for box in np.stack([xmin, ymin, xmax - xmin, ymax - ymin], 1)
        ]
    masks = np.asarray(things.masks)
    shapes = [{"segmentation": code} for code in _codes(masks)]
    if by == "boundary" and len(masks):
        width = max(1, round(0.02 * float(np.hypot(*masks.shape[1:]))))
        bands = _codes(_bands(masks, width))
        shapes = [shape | {"boundary": band} for shape, band in zip(shapes, bands, strict=True)]
    return shapes


def _bands(masks: np.ndarray, width: int) -> np.ndarray:
    """Boundary bands (N, H, W) bool; only the box of each mask is looked at."""
    bands = np.zeros_like(masks)
    for band, mask in zip(bands, masks, strict=True):
        left, top, columns, rows = cv2.boundingRect(mask.view(np.uint8))
        if rows:
            part = np.s_[top : top + rows, left : left + columns]
            band[part] = boundary_band(mask[part], width)
    return bands


def _codes(masks: np.ndarray) -> list[dict]:
    pixels = np.asarray(masks, bool).view(np.uint8)
    return coco_mask.encode(np.asfortranarray(pixels.transpose(1, 2, 0)))


def _dataset(images: list[dict], annotations: list[dict], classes: Sequence[int]) -> COCO:
    coco = COCO()
    coco.dataset = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": int(number), "name": str(number)} for number in classes],
    }
    with quiet():
        coco.createIndex()
    return coco


# --- the evaluation ---------------------------------------------------------------------------


class _Evaluation(COCOeval):
    """pycocotools' evaluation with Boundary IoU and with objects that are outside a group."""

    def __init__(self, truth: COCO, found: COCO, by: str) -> None:
        with quiet():
            super().__init__(truth, found, iouType="bbox" if by == "box" else "segm")
        self.by = by
        self.outside: set[int] = set()

    def run(self, ranges: Mapping[str, tuple[float, float]]) -> dict[str, float]:
        """AP, AP50, AP75 and AR in each range of areas."""
        self.params.areaRng = [list(limits) for limits in ranges.values()]
        self.params.areaRngLbl = list(ranges)
        self.params.maxDets = [MAX_DETECTIONS]
        with quiet():
            self.evaluate()
            self.accumulate()
        precision, recall = self.eval["precision"][..., 0], self.eval["recall"][..., 0]
        scores = {}
        for k, name in enumerate(ranges):
            scores[f"ap_{name}"] = _mean(precision[..., k])
            scores[f"ap50_{name}"] = _mean(precision[:1, ..., k])
            scores[f"ap75_{name}"] = _mean(precision[5:6, ..., k])
            scores[f"ar_{name}"] = _mean(recall[..., k])
        return scores

    def _prepare(self) -> None:
        super()._prepare()
        for objects in self._gts.values():
            for each in objects:
                each["ignore"] = bool(each["ignore"]) or each["id"] in self.outside

    def computeIoU(self, image: int, category: int) -> np.ndarray | list:
        """IoU of detections with objects; where boundaries count, the smaller of the two."""
        whole = super().computeIoU(image, category)
        if self.by != "boundary" or not len(whole):
            return whole
        found = self._dts[image, category]
        order = np.argsort([-each["score"] for each in found], kind="mergesort")
        bands = [found[k]["boundary"] for k in order[: self.params.maxDets[-1]]]
        objects = self._gts[image, category]
        crowd = [int(each["iscrowd"]) for each in objects]
        edges = coco_mask.iou(bands, [each["boundary"] for each in objects], crowd)
        return np.minimum(whole, edges)


def _mean(values: np.ndarray) -> float:
    """The mean of what is defined; pycocotools marks the rest with -1."""
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else float("nan")
