"""Objects of other people's files: masks, boxes, and whether the two agree.

Masks follow COCO's rule for polygons and its run-length codes. Rests on faster-coco-eval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers import records
from helpers.detection import box_overlaps
from helpers.errors import DataError
from helpers.masks import mask_to_box, rle_to_mask
from helpers.pictures import Size
from tools.records.fields import numbers


@dataclass(frozen=True)
class Shape:
    """One object as stored in the file, not yet validated."""

    where: str  # for messages
    number: int  # class
    segmentation: Any  # list of polygons x, y, x, y; COCO RLE; or a mask (H, W) bool
    box: Any = None  # x, y, width, height; by default that of the mask
    crowd: bool = False
    item: Mapping[str, Any] = field(default_factory=dict)  # original entry of a COCO file


def mask_of(shape: Shape, size: Size) -> np.ndarray:
    """Mask (H, W) bool of a shape."""
    if isinstance(shape.segmentation, np.ndarray):
        return shape.segmentation
    if isinstance(shape.segmentation, dict):
        return _run_length_mask(shape.segmentation, size, shape.where)
    if not isinstance(shape.segmentation, list) or not shape.segmentation:
        expected, found = "polygons or run lengths", f"{shape.segmentation!r:.60}"
        raise DataError(f"{shape.where}, segmentation", expected=expected, found=found)
    return _polygon_mask(shape.segmentation, size, f"{shape.where}, polygon")


def _polygon_mask(polygons: Sequence[Any], size: Size, where: str) -> np.ndarray:
    """Union of polygons, each a list x, y, x, y in pixels, rasterised by COCO's rule."""
    from faster_coco_eval.core import mask as coco_mask

    height, width = size
    if isinstance(polygons[0], (int, float)):
        expected, found = "a list of polygons", f"one flat list, {polygons!r:.60}"
        raise DataError(where, expected=expected, found=found)
    checked = []
    for polygon in polygons:
        corners = numbers(polygon, where)
        if corners.size < 6 or corners.size % 2:
            expected, found = "at least 6 numbers, x and y in turn", f"{corners.size} numbers"
            raise DataError(where, expected=expected, found=found)
        checked.append(corners.reshape(-1, 2))
        x, y = checked[-1].T
        # Annotators slightly overshoot the edge; far outside, the C code would run for minutes.
        near = x.min() >= -width and y.min() >= -height and x.max() <= 2 * width
        if not near or y.max() > 2 * height or max(x.max(), y.max()) <= 1 < min(size):
            expected = f"corners in pixels, in or near a picture of {width}x{height}"
            found = f"x {x.min():g} to {x.max():g}, y {y.min():g} to {y.max():g}"
            raise DataError(where, expected=expected, found=found)
    # Only the part of the picture round the polygons is drawn. COCO's code cuts 5 x + 0.5 to whole
    # numbers, towards 0; here that is done before corners are moved, so that pixels are the same.
    corners = np.concatenate(checked)
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 1, 0, (width, height))
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, 0, (width, height))
    mask = np.zeros(size, bool)
    if (low < high).all():
        fifths = [np.trunc(5 * each + 0.5) - 5 * low for each in checked]
        moved = [((each - (each < 0)) / 5).ravel().tolist() for each in fifths]
        codes = coco_mask.frPyObjects(moved, *(high - low)[::-1].tolist())
        (left, top), (right, bottom) = low, high
        mask[top:bottom, left:right] = coco_mask.decode(coco_mask.merge(codes))
    return mask


def _run_length_mask(code: dict[str, Any], size: Size, where: str) -> np.ndarray:
    """Decode COCO RLE, compressed or as a list of counts, to (H, W) bool."""
    if code.get("size") != list(size):
        expected, found = f"size {list(size)} of the picture", repr(code.get("size"))
        raise DataError(f"{where}, segmentation", expected=expected, found=found)
    counts = code.get("counts")
    if isinstance(counts, list) and not all(type(run) is int for run in counts):
        expected, found = "run lengths, which are whole numbers", f"{counts!r:.60}"
        raise DataError(f"{where}, counts", expected=expected, found=found)
    try:
        return rle_to_mask(code)
    except (DataError, OverflowError) as error:
        expected, found = "a complete run-length code", str(error)
        raise DataError(f"{where}, segmentation", expected=expected, found=found) from error


def box_around(mask: np.ndarray) -> np.ndarray:
    """Bounding box (4,) of a mask (H, W) bool; zeros for an empty mask."""
    return mask_to_box(mask) if mask.any() else np.zeros(4)


LEAST_IOU = 0.3
"""Least IoU of a stated box with its mask's. Of the 861 in 92 pictures of COCO none has less than
0.39, an object one pixel high."""


def box_of(shape: Shape, around: np.ndarray, size: Size, counts: Counter[str]) -> np.ndarray:
    """Box (4,) of an object: the declared one if it fits the mask, else the mask's, counted.

    Some tools write zeros, corners, or fractions of the picture; the mask reveals which.

    Raises:
        DataError: The declared box does not match the mask.
    """
    if shape.box is None:
        return around
    values = numbers(shape.box, f"{shape.where}, bbox", texts=True)
    if values.size != 4:
        found = f"{values.size}"
        raise DataError(f"{shape.where}, bbox", expected="4 numbers", found=found)
    x, y, width, height = values.tolist()
    (bottom, right), limits = size, records.tolerance(around).tolist()

    def distance(*box: float) -> float:
        """Distance of a box from the mask's box, in multiples of the tolerance."""
        inside = (min(max(v, 0), end) for v, end in zip(box, (bottom, right) * 2, strict=True))
        pairs = zip(inside, around.tolist(), limits, strict=True)
        return max(abs(a - b) / limit for a, b, limit in pairs)

    stated, corners = distance(y, x, y + height, x + width), distance(y, x, height, width)
    box = np.array([y, x, y + height, x + width])
    clipped = np.clip(box, 0, (*size, *size))
    good = min(width, height) > 0 and stated <= 1 and not corners < stated / 2
    if good and min(around[2:] - around[:2]) < 16:  # so small that the tolerance passes it by
        good = box_overlaps(clipped[None], around[None])[0, 0] >= LEAST_IOU
    if good:
        counts["boxes_clipped"] += not np.array_equal(clipped, box)
        return clipped
    shares = min(
        distance(y * bottom, x * right, (y + height) * bottom, (x + width) * right),
        distance(y * bottom, x * right, height * bottom, width * right),
    )
    zero = min(width, height) == 0
    if corners <= 1 or zero or (max(x, y, width, height) <= 1 and shares <= 1):
        counts["boxes_from_masks"] += 1
        return around
    top, left, bottom, right = around.tolist()
    expected = f"x, y, width, height round its mask, {[left, top, right - left, bottom - top]}"
    do = "--boxes masks takes all boxes from the masks."
    found = f"{values.tolist()}"
    raise DataError(f"{shape.where}, bbox", expected=expected, found=found, do=do)


def refuse_a_box_without_mask(shape: Shape, size: Size) -> None:
    """Refuse an object whose outline covers no pixel although its box does: one is wrong."""
    if shape.box is not None:
        values = numbers(shape.box, f"{shape.where}, bbox", texts=True)
        x, y, width, height = [*values.tolist(), 0, 0, 0, 0][:4]
        inside = min(x + width, size[1]) - max(x, 0), min(y + height, size[0]) - max(y, 0)
        if min(inside) > 2:
            expected, found = "pixels in its outline", f"none, but a bbox {values.tolist()}"
            raise DataError(shape.where, expected=expected, found=found)


def filled_box(shape: Shape, size: Size) -> np.ndarray:
    """Mask (H, W) of an object with only a box: the filled box."""
    values = numbers(shape.box, f"{shape.where}, bbox", texts=True)
    good = values.size == 4 and values.min() >= -max(size) and (values[2:] >= 0).all()
    # Corners for width and height end far outside the picture; annotators overshoot a little.
    # Shares of the picture, unlike pixels, are all at most 1.
    far = good and (values[:2] + values[2:] > 1.1 * np.array(size[::-1])).any()
    if not good or far or 0 < values.max() <= 1 < min(size):
        expected = f"x, y, width, height in a picture of {size[1]}x{size[0]} pixels"
        found = f"{values.tolist()}"
        raise DataError(f"{shape.where}, bbox", expected=expected, found=found)
    left, top, width, height = values
    mask = np.zeros(size, bool)
    rows, columns = (
        slice(max(0, round(a)), max(0, round(a + b))) for a, b in ((top, height), (left, width))
    )
    mask[rows, columns] = True
    return mask


def fit(shapes: Sequence[Shape], size: Size) -> bool:
    """Whether all outlines lie within a picture of the given size, give or take an overshoot."""
    for shape in shapes:
        for polygon in shape.segmentation if isinstance(shape.segmentation, list) else ():
            corners = numbers(polygon, f"{shape.where}, polygon")
            if (
                max(corners[::2], default=0) > size[1] + 1
                or max(corners[1::2], default=0) > size[0] + 1
            ):
                return False
        if shape.box is not None:
            x, y, width, height = [*numbers(shape.box, shape.where, texts=True), 0, 0, 0, 0][:4]
            if not shape.segmentation and (x + width > size[1] + 1 or y + height > size[0] + 1):
                return False
    return True
