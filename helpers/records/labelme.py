"""Detection records from LabelMe's JSON files, one beside each picture.

Lab 3 runs it as `python -m helpers.records from-labelme`, on pictures that you have outlined
yourself. It makes one task for each file; `helpers.records.shards` does the rest. Rests on
`helpers.records.sources`, which checks everything that annotations say.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from helpers import label_maps
from helpers.errors import DataError, explain
from helpers.records.fields import Size
from helpers.records.shards import write_shards
from helpers.records.sources import check_size, numbers, polygon_mask, read_json, take
from helpers.records.tasks import Task, Thing, Things


def from_labelme(
    folder: Path,
    out: Path,
    *,
    images: Path | None = None,
    label_map: Path | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Records from LabelMe's JSON files; boxes are the smallest round the masks.

    Shapes with the same label and `group_id` are parts of one object.

    Args:
        folder: Has one JSON file for each picture, with polygons and rectangles.
        out: See `write_shards`.
        images: The folder with the pictures, if they are not where `imagePath` says; of that, only
            the name is then used.
        label_map: Of the classes; by default all labels by the alphabet, numbered from 1.
        options: `shards`, `workers`, `skip_bad`, `runner` of `write_shards`.

    Raises:
        DataError: A file is not LabelMe's, or see `write_shards`.
    """
    parsed = []
    for path in sorted(folder.glob("*.json")):
        if path.name.endswith(".manifest.json"):
            continue  # of records that were written into the same folder
        content = read_json(path)
        shapes = take(content, "shapes", list, str(path))
        for shape in shapes:
            take(shape, "label", str, f"{path}, shapes")
        picture = take(content, "imagePath", str, str(path))
        # LabelMe on Windows writes backslashes.
        picture = picture.replace("\\", "/").split("/")[-1] if images else picture
        size = (
            take(content, "imageHeight", int, str(path)),
            take(content, "imageWidth", int, str(path)),
        )
        parsed.append((path, picture, (size, shapes)))
    if not parsed:
        raise DataError(explain(str(folder), expected="LabelMe's *.json", found="none"))
    if label_map:
        names = label_maps.read(label_map)
    else:
        labels = {shape["label"] for _, _, (_, shapes) in parsed for shape in shapes}
        names = dict(enumerate(sorted(labels), start=1))
    things = partial(labelme_things, numbers_of={name: number for number, name in names.items()})
    tasks = [
        Task(images or folder, picture, path.stem, annotation, things, names)
        for path, picture, annotation in parsed
    ]
    return write_shards(tasks, out, names, source={"format": "LabelMe"}, **options)


def labelme_things(
    annotation: tuple[Size, list[dict]], size: Size, *, numbers_of: dict[str, int]
) -> Things:
    """The objects of one LabelMe file; see `Task.things`."""
    declared, shapes = annotation
    check_size(declared, size, "its annotation")
    parts: dict[tuple, list[list[float]]] = {}
    for index, shape in enumerate(shapes):
        what = f"shape {index} ({shape['label']})"
        if shape["label"] not in numbers_of:
            expected = f"a label of the label map: {', '.join(numbers_of)}"
            raise DataError(explain(what, expected=expected, found=repr(shape["label"])))
        group = shape.get("group_id")
        key = (shape["label"], "alone", index) if group is None else (shape["label"], repr(group))
        parts.setdefault(key, []).append(_labelme_polygon(shape, what))
    return (
        Thing(polygon_mask(polygons, size, f"label {key[0]}"), numbers_of[key[0]])
        for key, polygons in parts.items()
    ), None


def _labelme_polygon(shape: dict, what: str) -> list[float]:
    points = [_pair(point, what) for point in take(shape, "points", list, what)]
    kind = shape.get("shape_type", "polygon")
    if kind == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points
        points = [(left, top), (right, top), (right, bottom), (left, bottom)]
    elif kind != "polygon":
        do = "Draw it as a polygon, or delete it."
        found = f"{kind} of {len(points)} points"
        raise DataError(explain(what, expected="a polygon or rectangle", found=found, do=do))
    return [value for point in points for value in point]


def _pair(point: Any, what: str) -> tuple[float, float]:
    array = numbers(point, f"{what}, points")
    if array.shape != (2,):
        raise DataError(explain(f"{what}, points", expected="x and y", found=f"{point!r:.60}"))
    return float(array[0]), float(array[1])
