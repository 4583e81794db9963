"""Runs a detector over a whole split and scores it: Kerbside's records or any COCO file.

Introduced in lab 4; `python -m tools.recipes.maskrcnn evaluate` ends here. Rests on
`helpers.detector`, `helpers.records` and `helpers.coco_scores`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from helpers import DATA, coco_scores, records
from helpers.detector import Detections, Detector
from helpers.errors import DataError, explain
from helpers.records import sources

KERBSIDE = DATA / "kerbside" / "kerbside" / "1.0.0"
"""Records of Kerbside's splits."""

THRESHOLD = 0.05
"""Detections with a lower score change no AP that is worth reporting, and take time."""


@dataclass(frozen=True)
class Case:
    """A picture with what is in it, as the scores want it."""

    image: np.ndarray  # (H, W, 3) uint8
    boxes: np.ndarray  # (G, 4) pixels
    classes: np.ndarray  # (G,)
    masks: np.ndarray  # (G, H, W) bool
    crowd: np.ndarray  # (G,) bool
    tags: tuple[str, ...]  # (G,) how much is hidden, or nothing
    kinds: tuple[str, ...] = ()  # (G,) finer than classes, such as "truck" for a van, or nothing


def kerbside_files(split: str, folder: Path = KERBSIDE) -> list[Path]:
    """The record files of a split.

    Raises:
        DataError: there are none.
    """
    files = sorted(folder.glob(f"kerbside-{split}.tfrecord-*"))
    if not files:
        do = "`make data` renders Kerbside; another folder is given with --data."
        name = f"{folder}/kerbside-{split}.tfrecord-*"
        raise DataError(explain(name, expected="records", found="no such files", do=do))
    return files


def record_cases(files: Sequence[Path], every: int = 1) -> Iterator[Case]:
    """Every so many pictures of record files, tagged with their occlusion where facts tell it."""
    for example in records.read(files, every=every):
        facts = {each["id"]: each for each in example.facts.get("instances", ())}
        objects = [facts[number] for number in example.facts.get("objects", ())]
        yield Case(
            example.image,
            example.boxes,
            example.classes,
            example.masks,
            example.crowd,
            tuple(f"occlusion_{each['tags']['occlusion']}" for each in objects),
            tuple(each.get("kind", each["class"]) for each in objects),
        )


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
    coco = COCO()
    coco.dataset = content
    with coco_scores.quiet():
        coco.createIndex()
    for number in sorted(coco.getImgIds(catIds=[numbers[category]])):
        # The file's author decides about this name; it may not lead out of the folder.
        path = sources.inside(Path(images), coco.imgs[number]["file_name"])
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None:
            do = "--images names the folder of the pictures."
            raise DataError(explain(str(path), expected="a picture", found="none", do=do))
        objects = coco.loadAnns(coco.getAnnIds(imgIds=number, catIds=[numbers[category]]))
        masks = np.array([coco.annToMask(each) for each in objects], bool)
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


def detect(
    detector: Detector, cases: Iterable[Case], *, at_once: int = 1
) -> tuple[list[tuple[Detections, Case]], float]:
    """Runs the detector on every picture, with a progress bar.

    Args:
        detector: from `load_detector`.
        cases: the pictures; all of them are read first.
        at_once: pictures that share the cores. Two gain a little: while the masks of one are
            pasted, the network looks at the other. The answers are the same, in the same order.

    Returns:
        What was detected with what is there, and pictures a second: from picture to pasted masks,
        without reading files, and without the first picture, for which TensorFlow sets up.
    """
    from tqdm.auto import tqdm

    cases = list(cases)
    if not cases:
        raise DataError(explain("pictures", expected="at least one", found="none"))
    first = detector(cases[0].image, THRESHOLD)
    start = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        others = pool.map(lambda case: detector(case.image, THRESHOLD), cases[1:])
        options = {"total": len(cases), "initial": 1, "desc": "detect", "unit": "image"}
        found = [first, *tqdm(others, leave=False, **options)]
    seconds = time.perf_counter() - start
    speed = (len(cases) - 1) / seconds if len(cases) > 1 else math.nan
    return list(zip(found, cases, strict=True)), speed


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
    mask = coco_scores.evaluate(pairs, by="mask", tags=tagged)
    box = coco_scores.evaluate(pairs, by="box")
    boundary = coco_scores.evaluate(pairs, by="boundary")
    filled = [(as_boxes(found), case) for found, case in pairs]
    scores = {
        "images": len(pairs),
        "objects": int(sum((~case.crowd).sum() for _, case in pairs)),
        **{f"mask_{name}": value for name, value in mask.items()},
        "box_ap": box["ap"],
        "box_ap50": box["ap50"],
        "boundary_ap": boundary["ap"],
        "boxes_as_masks_ap": coco_scores.evaluate(filled, by="mask")["ap"],
        "images_per_second": images_per_second,
    }
    # NaN is not JSON.
    return {
        name: None if isinstance(value, float) and math.isnan(value) else round(value, 4)
        for name, value in scores.items()
    }
