"""Detection records from COCO and from Pascal VOC's masks.

Lab 3 runs them as `python -m helpers.records from-coco` and `from-voc`. Each function reads one
way of annotating pictures and makes one task for each picture; `helpers.records.shards` does the
rest. Rests on `helpers.records.sources`, which checks everything that annotations say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from helpers import label_maps
from helpers.errors import DataError, explain
from helpers.records.fields import Size
from helpers.records.shards import write_shards
from helpers.records.sources import (
    check_class,
    check_size,
    inside,
    numbers,
    polygon_mask,
    read_json,
    run_length_mask,
    take,
)
from helpers.records.tasks import Task, Thing, Things

VOC_CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
"""VOC's names, from class 1."""

VOC_VOID = 255
"""Pixels that belong to no object: outlines, and what annotators left undecided."""


def from_coco(annotations: Path, images: Path, out: Path, **options: Any) -> dict[str, Any]:
    """Records from a COCO file of instances.

    A record's source id is the picture's id, as COCO's evaluation expects; objects are in the
    file's order. Boxes are the file's, clipped to the picture.

    Args:
        annotations: `instances.json`: polygons, several for an object, or run-length codes.
        images: The folder that its `file_name`s are relative to.
        out: See `write_shards`.
        options: `shards`, `workers`, `skip_bad`, `runner` of `write_shards`.

    Returns:
        The manifest.

    Raises:
        DataError: The file is no COCO file, or see `write_shards`.
    """
    content = read_json(annotations)
    where = str(annotations)
    names: dict[int, str] = {}
    for category in take(content, "categories", list, where):
        number = take(category, "id", int, f"{where}, categories")
        _refuse_twice(number in names, f"{where}, category {number}")
        names[number] = take(category, "name", str, f"{where}, category {number}")
    objects: dict[Any, list[dict]] = {}
    pictures = take(content, "images", list, where)
    for picture in pictures:
        identity = take(picture, "id", (int, str), f"{where}, images")
        _refuse_twice(identity in objects, f"{where}, image {identity}")
        objects[identity] = []
    for item in take(content, "annotations", list, where):
        what = f"{where}, annotation {item.get('id') if isinstance(item, dict) else item!r:.60}"
        identity = take(item, "image_id", (int, str), what)
        if identity not in objects:
            expected = "the id of one of its images"
            raise DataError(explain(f"{what}, image_id", expected=expected, found=repr(identity)))
        check_class(take(item, "category_id", int, what), names, what)
        objects[identity].append(item)
    tasks = []
    for picture in pictures:
        what = f"{where}, image {picture['id']}"
        size = take(picture, "height", int, what), take(picture, "width", int, what)
        name = take(picture, "file_name", str, what)
        annotation = (size, objects[picture["id"]])
        tasks.append(Task(images, name, str(picture["id"]), annotation, coco_things, names))
    source = {"format": "COCO", **_file(annotations)}
    return write_shards(tasks, out, names, source=source, **options)


def coco_things(annotation: tuple[Size, list[dict]], size: Size) -> Things:
    """The objects of one picture of a COCO file; see `Task.things`."""
    declared, items = annotation
    check_size(declared, size, "its annotation")
    return (_coco_thing(item, size) for item in items), None


def _coco_thing(item: dict, size: Size) -> Thing:
    what = f"annotation {item.get('id')}"
    segmentation = take(item, "segmentation", (list, dict), what)
    if isinstance(segmentation, dict):
        mask = run_length_mask(segmentation, size, what)
    else:
        mask = polygon_mask(segmentation, size, what)
    box = None
    if "bbox" in item:
        left, top, width, height = _four(item["bbox"], f"{what}, bbox")
        if width < 0 or height < 0:
            expected, found = "x, y, width, height", f"{item['bbox']}"
            raise DataError(explain(f"{what}, bbox", expected=expected, found=found))
        box = np.array([top, left, top + height, left + width])
    return Thing(mask, item["category_id"], box, crowd=bool(item.get("iscrowd")))


def _four(values: Any, where: str) -> np.ndarray:
    array = numbers(values, where)
    if array.shape != (4,):
        raise DataError(explain(where, expected="4 numbers", found=f"{array.size}"))
    return array


def from_voc(
    folder: Path,
    out: Path,
    *,
    listing: Path | None = None,
    label_map: Path | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Records from masks as Pascal VOC has them; boxes are the smallest round the masks.

    Pixels marked void (255) belong to no object. They stay void in the records' semantic labels.

    Args:
        folder: Has `JPEGImages/NAME.jpg`, `SegmentationObject/NAME.png`, a number for each object,
            and `SegmentationClass/NAME.png`, a number for each class; both 8-bit, not in colour.
        out: See `write_shards`.
        listing: A file with a name on each line (`ImageSets/Segmentation/train.txt`); by default
            all of `SegmentationObject`.
        label_map: Of the classes; by default VOC's twenty.
        options: `shards`, `workers`, `skip_bad`, `runner` of `write_shards`.

    Raises:
        DataError: No such folder or list, or see `write_shards`.
    """
    names = label_maps.read(label_map) if label_map else dict(enumerate(VOC_CLASSES, start=1))
    if listing is None:
        stems = sorted(path.stem for path in (folder / "SegmentationObject").glob("*.png"))
        source = {"format": "VOC"}
    else:
        try:
            lines = listing.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            expected, found = "a list of names", type(error).__name__
            raise DataError(explain(str(listing), expected=expected, found=found)) from error
        stems = [line.split()[0] for line in lines if line.strip()]
        source = {"format": "VOC", **_file(listing)}
    things = partial(voc_things, folder=folder, names=names)
    tasks = [Task(folder, f"JPEGImages/{stem}.jpg", stem, stem, things, names) for stem in stems]
    if not tasks:
        expected = "SegmentationObject/*.png, or a list of names"
        raise DataError(explain(str(listing or folder), expected=expected, found="none"))
    return write_shards(tasks, out, names, source=source, **options)


def voc_things(stem: str, size: Size, *, folder: Path, names: dict[int, str]) -> Things:
    """The objects of one picture of a VOC folder; see `Task.things`."""
    objects = _index_png(folder, f"SegmentationObject/{stem}.png", size)
    classes = _index_png(folder, f"SegmentationClass/{stem}.png", size)
    return _voc_objects(objects, classes, stem, names), classes


def _voc_objects(
    objects: np.ndarray, classes: np.ndarray, stem: str, names: dict[int, str]
) -> Iterator[Thing]:
    for value in np.unique(objects):
        if value in (0, VOC_VOID):
            continue
        mask = objects == value
        found = [int(number) for number in np.unique(classes[mask]) if number != VOC_VOID]
        what = f"SegmentationClass/{stem}.png, object {value}"
        if len(found) != 1:
            expected = "one class for all of its pixels"
            raise DataError(explain(what, expected=expected, found=f"{found or 'void'}"))
        check_class(found[0], names, what)
        yield Thing(mask, found[0])


def _index_png(folder: Path, name: str, size: Size) -> np.ndarray:
    """A PNG of numbers (H, W) uint8, not turned into the colours of its palette."""
    from PIL import Image

    path = inside(folder, name)
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            check_size((picture.height, picture.width), size, name)
            if picture.mode not in ("P", "L"):
                expected = "a PNG of 8-bit numbers, grey or with a palette"
                raise DataError(explain(name, expected=expected, found=f"mode {picture.mode}"))
            return np.array(picture)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        found = getattr(error, "strerror", None) or "damaged bytes"
        raise DataError(explain(str(path), expected="a complete PNG", found=found)) from error


def _refuse_twice(twice: bool, what: str) -> None:
    if twice:
        raise DataError(explain(what, expected="each number once", found="it a second time"))


def _file(path: Path) -> dict[str, str]:
    """A source's name and checksum, for the manifest."""
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
