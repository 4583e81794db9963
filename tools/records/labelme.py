"""Reader of LabelMe's JSON files, one for each picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers.errors import DataError
from helpers.files import read_json
from tools.records.annotations import (
    PICTURES,
    Annotated,
    AnnotationSet,
    each_picture_once,
    listed,
    locate,
)
from tools.records.fields import identity, numbers, take
from tools.records.label_maps import read_label_map
from tools.records.shapes import Shape


def read_labelme(
    folder: str | Path,
    *,
    images: str | Path | None = None,
    label_map: str | Path | None = None,
    outlines: str = "auto",
) -> AnnotationSet:
    """Read LabelMe JSON files; boxes are the bounding boxes of the masks.

    Shapes with the same label and `group_id` are parts of one object.

    Args:
        folder: Folder with one JSON file for each picture, with polygons and rectangles.
        images: Folder of the pictures, if different from that in `imagePath`.
        label_map: Label map of the classes; by default the labels in alphabetical order, from 1.
        outlines: See `tools.records.coco.read_coco`.

    Raises:
        DataError: A file is not a LabelMe file. Errors of a single picture are raised when it is
            read.
    """
    folder, notes, contents = Path(folder), [], {}
    for path in listed(folder, (".json",), notes):
        if path.name.endswith(".manifest.json"):
            continue  # of records that were written into the same folder
        content = contents[path] = read_json(path)
        for shape in take(content, "shapes", list, str(path)):
            take(shape, "label", str, f"{path}, shapes")
    labels = {shape["label"] for content in contents.values() for shape in content["shapes"]}
    if not labels:
        expected, found = "LabelMe's *.json with shapes", f"{len(contents)} files without any"
        raise DataError(str(folder), expected=expected, found=found)
    classes = dict(enumerate(sorted(labels), start=1))
    if label_map:
        classes = read_label_map(label_map)
    numbers_of = {name: number for number, name in classes.items()}
    annotated = []
    for path, content in contents.items():
        name = take(content, "imagePath", str, str(path))
        place, problem = locate(Path(images or path.parent), name)
        if problem and images:
            place, problem = locate(Path(images), name, by_name=True)
        elif problem:
            problem += " --images names the folder of the pictures, if it is another."
        sides = [
            identity(content, side, str(path), whole=True) for side in ("imageHeight", "imageWidth")
        ]
        try:
            shapes = tuple(_labelme_shapes(content["shapes"], numbers_of))
        except DataError as error:
            shapes, problem = (), str(error)
        annotated.append(
            Annotated(
                place,
                name,
                source_id=path.stem,
                classes=classes,
                size=tuple(sides),
                objects=shapes,
                problem=problem,
                outlines=outlines,
            )
        )
    annotated = each_picture_once(annotated, notes)
    named = {each.path.name for each in annotated if each.path}
    pictures = listed(Path(images or folder), PICTURES, [])
    if bare := [path.name for path in pictures if path.name not in named]:
        notes.append(f"ignored: {len(bare)} pictures without a JSON file, as {bare[0]}")
    return AnnotationSet(classes, annotated, notes, {"format": "LabelMe"})


VOID = ("__ignore__", "_background_")
"""Labels of LabelMe's own examples for pixels that belong to no object."""


def _labelme_shapes(shapes: list[dict], numbers_of: Mapping[str, int]) -> Iterator[Shape]:
    parts: dict[Any, list] = {}
    for index, shape in enumerate(shapes):
        label, group = shape["label"], shape.get("group_id")
        what = f"shape {index} ({label})"
        if not isinstance(group, (int, str, type(None))) or isinstance(group, bool):
            expected, found = "a number or a text", f"{group!r:.60}"
            raise DataError(f"{what}, group_id", expected=expected, found=found)
        if label in VOID:
            expected, found = "the label of an object", f"LabelMe's mark {label!r}"
            do = "Delete the shape; what belongs to no object needs none."
            raise DataError(what, expected=expected, found=found, do=do)
        if label not in numbers_of:
            expected = f"a label of the label map: {', '.join(numbers_of)}"
            raise DataError(what, expected=expected, found=repr(label))
        points = [numbers(point, f"{what}, points") for point in take(shape, "points", list, what)]
        if any(len(point) != 2 for point in points):
            found = f"{shape['points']!r:.60}"
            raise DataError(f"{what}, points", expected="x and y", found=found)
        kind = shape.get("shape_type") or "polygon"
        if kind == "rectangle" and len(points) == 2:
            (left, top), (right, bottom) = points
            points = [(left, top), (right, top), (right, bottom), (left, bottom)]
        elif kind != "polygon" and (kind, len(points)) != ("rectangle", 4):
            expected, found = "a polygon or rectangle", f"{kind} of {len(points)} points"
            do = "Draw it as a polygon, or delete it."
            raise DataError(what, expected=expected, found=found, do=do)
        key = (label, index, what) if group in (None, "") else (label, repr(group))
        parts.setdefault(key, []).append([float(value) for point in points for value in point])
    for key, polygons in parts.items():
        yield Shape(key[-1] if len(key) == 3 else f"label {key[0]}", numbers_of[key[0]], polygons)
