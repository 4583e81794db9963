"""Runs a detector over a whole split and scores it: Kerbside's records or any COCO file.

Introduced in lab 4; `python -m tools.recipes.maskrcnn evaluate` ends here. Rests on
`helpers.detector`, `helpers.kerbside` and `helpers.coco`.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from helpers import coco
from helpers.detector import Detections
from helpers.errors import DataError, explain
from helpers.kerbside import Case
from helpers.records import sources


def coco_cases(file: Path, images: Path, category: str, class_number: int) -> Iterator[Case]:
    """The pictures of a COCO file in which a category occurs, with the objects of it.

    Raises:
        DataError: the file or a picture is missing or damaged, or has no such category.
    """
    import cv2
    from pycocotools.coco import COCO

    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
        numbers = {each["name"]: each["id"] for each in content["categories"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"{type(error).__name__}: {error}"
        expected = "COCO's JSON with images, annotations and categories"
        raise DataError(explain(str(file), expected=expected, found=found)) from error
    if category not in numbers:
        found = f"{len(numbers)} others, such as {', '.join(sorted(numbers)[:5])}"
        raise DataError(explain(str(file), expected=f"a category {category!r}", found=found))
    stored = COCO()
    stored.dataset = content
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools reports there what it is doing
        stored.createIndex()
    for number in sorted(stored.getImgIds(catIds=[numbers[category]])):
        # The file's author decides about this name; it may not lead out of the folder.
        path = sources.inside(Path(images), stored.imgs[number]["file_name"])
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None:
            do = "--images names the folder of the pictures."
            raise DataError(explain(str(path), expected="a picture", found="none", do=do))
        objects = stored.loadAnns(stored.getAnnIds(imgIds=number, catIds=[numbers[category]]))
        masks = np.array([stored.annToMask(each) for each in objects], bool)
        boxes = np.array([each["bbox"] for each in objects], float)[:, [1, 0, 3, 2]]
        boxes[:, 2:] += boxes[:, :2]
        yield Case(
            image=pixels[..., ::-1].copy(),
            boxes=boxes,
            classes=np.full(len(objects), class_number),
            masks=masks,
            crowd=np.array([each["iscrowd"] for each in objects], bool),
            tags=(),
        )


def only(pairs: Iterable[tuple[Detections, Case]], numbers: Sequence[int], as_number: int):
    """The detections of some classes alone, as if they were one class."""
    kept = []
    for found, case in pairs:
        found = found.take(np.isin(found.classes, numbers))
        found = replace(found, classes=np.full(len(found), as_number))
        kept.append((found, case))
    return kept


def as_boxes(found: Detections) -> Detections:
    """The same detections with their boxes filled: what a detector without masks could say."""
    masks = np.zeros_like(found.masks)
    for mask, box in zip(masks, np.round(found.boxes).astype(int), strict=True):
        mask[box[0] : box[2], box[1] : box[3]] = True
    return replace(found, masks=masks)


def summary(pairs: Sequence[tuple[Detections, Case]], images_per_second: float) -> dict:
    """What the command line reports: AP by mask, box and boundary, by size and by occlusion."""
    tags = [case.tags for _, case in pairs]
    tagged = tags if all(len(c.tags) == len(c.classes) for _, c in pairs) and any(tags) else None
    mask = coco.evaluate(pairs, by="mask", tags=tagged)
    box = coco.evaluate(pairs, by="box")
    boundary = coco.evaluate(pairs, by="boundary")
    filled = [(as_boxes(found), case) for found, case in pairs]
    scores = {
        "images": len(pairs),
        "objects": int(sum((~case.crowd).sum() for _, case in pairs)),
        **{f"mask_{name}": value for name, value in mask.items()},
        "box_ap": box["ap"],
        "box_ap50": box["ap50"],
        "boundary_ap": boundary["ap"],
        "boxes_as_masks_ap": coco.evaluate(filled, by="mask")["ap"],
        "images_per_second": images_per_second,
    }
    # NaN is not JSON.
    return {
        name: None if isinstance(value, float) and math.isnan(value) else round(value, 4)
        for name, value in scores.items()
    }
