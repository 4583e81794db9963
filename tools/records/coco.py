"""Reader of COCO instances files, for conversion, training and scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.errors import DataError
from helpers.files import read_json
from tools.records.annotations import (
    Annotated,
    AnnotationSet,
    checksum,
    each_picture_once,
    locate,
)
from tools.records.fields import flag, identity, take
from tools.records.shapes import Shape


def read_coco(
    file: str | Path,
    images: str | Path,
    *,
    outlines: str = "auto",
    by_name: bool = False,
    boxes: str = "file",
    boxes_alone: bool = False,
) -> AnnotationSet:
    """Read a COCO instances file, including pictures without objects.

    Objects are assigned to pictures by image id alone; annotation ids, which many tools restart or
    omit, are ignored. The source id of a record is the image id, as COCO evaluation expects.

    Args:
        file: `instances.json`, with polygons or RLE masks.
        images: Folder to which the `file_name` entries are relative.
        outlines: Reference frame of the outlines if EXIF data rotate a picture: "shown", "stored"
            or "auto".
        by_name: Whether to use only the last component of each `file_name`.
        boxes: "file" to read boxes from the file and compare them with the masks, or "masks" to
            compute them from the masks.
        boxes_alone: Whether to accept objects without an outline, whose masks are then filled
            boxes; `facts` of each example holds the original entries, "image" and "annotations",
            which distinguish them.

    Raises:
        DataError: The file is not a COCO file or is inconsistent. Errors of a single picture are
            raised when it is read.

    >>> read_coco("missing.json", "images")
    Traceback (most recent call last):
    helpers.errors.DataError: missing.json: expected a JSON file, found No such file or directory.
    """
    content, where, notes = read_json(file), str(file), []
    classes: dict[int, str] = {}
    for category in take(content, "categories", list, where):
        number = identity(category, "id", f"{where}, categories", whole=True)
        name = take(category, "name", str, f"{where}, category {number}")
        if number in classes or number < 0 or name in classes.values() or not name:
            expected, found = "each number and each name once", f"{name!r} as {number}"
            raise DataError(f"{where}, categories", expected=expected, found=found)
        classes[number] = name
    entries = take(content, "images", list, where)
    objects: dict[int | str, list[Shape]] = {}
    for entry in entries:
        number = identity(entry, "id", f"{where}, images")
        if number in objects:
            expected, found = "each number once", "it a second time"
            raise DataError(f"{where}, image {number}", expected=expected, found=found)
        objects[number] = []
    for item in take(content, "annotations", list, where):
        what = f"annotation {item.get('id') if isinstance(item, dict) else item!r:.60}"
        picture = identity(item, "image_id", f"{where}, {what}")
        if "segments_info" in item:
            found = "segments_info, the panoptic format"
            raise DataError(where, expected="COCO's instances.json", found=found)
        number = identity(item, "category_id", f"{where}, {what}", whole=True)
        for key, value, known in ("image_id", picture, objects), ("category_id", number, classes):
            if value not in known:
                expected = f"one of the {len(known)} ids in the file"
                place = f"{where}, {what}, {key}"
                raise DataError(place, expected=expected, found=repr(value))
        crowd = flag(item.get("iscrowd"), f"{where}, {what}, iscrowd")
        box = item.get("bbox") if boxes == "file" or not item.get("segmentation") else None
        outline, kept = item.get("segmentation"), item if boxes_alone else {}
        objects[picture].append(Shape(what, number, outline, box, crowd, kept))
    shift = _count_from_one(classes, objects, notes)
    annotated = []
    for entry, shapes in zip(entries, objects.values(), strict=True):
        what = f"{where}, image {entry['id']}"
        sides = [identity(entry, side, what, whole=True) for side in ("height", "width")]
        name = take(entry, "file_name", str, what)
        path, problem = locate(Path(images), name, by_name=by_name)
        shapes = tuple(replace(shape, number=shape.number + shift) for shape in shapes)
        annotated.append(
            Annotated(
                path,
                name,
                source_id=str(entry["id"]),
                classes=classes,
                size=tuple(sides),
                objects=shapes,
                problem=problem,
                outlines=outlines,
                boxes_alone=boxes_alone,
                entry=entry if boxes_alone else {},
            )
        )
    source = {"format": "COCO", **checksum(file)}
    return AnnotationSet(classes, each_picture_once(annotated, notes), notes, source)


def _count_from_one(classes: dict, objects: Mapping[Any, list[Shape]], notes: list[str]) -> int:
    """Shift class ids to start at 1, as label maps require; return the offset."""
    if 0 not in classes:
        return 0
    if not any(shape.number == 0 for shapes in objects.values() for shape in shapes):
        notes.append(f"category 0, {classes.pop(0)!r}, has no objects: left out")
        return 0
    notes.append("categories are numbered from 0: each number became one more")
    for number in sorted(classes, reverse=True):
        classes[number + 1] = classes.pop(number)
    return 1
