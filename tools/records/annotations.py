"""Readers of third-party annotations in COCO and LabelMe format, for conversion and scoring.

Annotations often come from the internet, and every tool writes them differently (lab 3). The
readers therefore cross-check them: boxes against masks, declared sizes against pictures, pictures
against each other. Whatever is consistent is read, omissions are counted, and anything ambiguous is
refused with a one-line error. Iterating over a set yields `helpers.records.Example`s. Rests on
`helpers.pictures` and faster-coco-eval.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from helpers import pictures, records
from helpers.detection import box_overlaps
from helpers.errors import DataError, explain
from helpers.files import read_json
from helpers.masks import rle_to_mask
from helpers.pictures import Size
from tools.records import finding
from tools.records.label_maps import read_label_map

OPTIONS: dict[str, dict[str, Any]] = {
    "--outlines": {
        "choices": ("auto", "shown", "stored"),
        "default": "auto",
        "help": "reference frame of outlines where EXIF data rotate a picture; default: by size",
    },
    "--by-name": {"action": "store_true", "help": "find pictures by file name alone"},
    "--boxes": {
        "choices": ("file", "masks"),
        "default": "file",
        "help": "boxes of the file, compared with the masks, or of the masks; %(default)s",
    },
}
"""Options of commands that read other people's annotations, as `argparse` takes them."""

COUNTED = {
    "boxes_from_masks": "boxes were zeros, corners or shares: taken from their masks",
    "objects_given_twice": "objects stood there twice, equal in everything: taken once",
    "objects_without_pixels": "objects have no pixel inside the picture: left out",
    "pictures_turned": "pictures were turned upright, as their EXIF data say",
    "pictures_nearly_black": "pictures are nearly black: 12 bits in files of 16",
}
"""What was read otherwise than it stands in the files, by the name of its counter."""


def remarks(notes: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Lines about all that was left out or read otherwise, for whoever reads annotations."""
    counted = [f"{counts[key]} {what}" for key, what in COUNTED.items() if counts[key]]
    return [f"note: {each}" for each in (*notes, *counted)]


@dataclass(frozen=True)
class Shape:
    """One object as stored in the file, not yet validated."""

    where: str  # for messages
    number: int  # class
    segmentation: Any  # list of polygons x, y, x, y; COCO RLE; or a mask (H, W) bool
    box: Any = None  # x, y, width, height; by default that of the mask
    crowd: bool = False
    item: Mapping[str, Any] = field(default_factory=dict)  # original entry of a COCO file


@dataclass(frozen=True)
class Annotated:
    """One picture and its annotation, independent of all others, so any process can handle it."""

    path: Path | None
    filename: str
    source_id: str
    classes: Mapping[int, str]
    size: Size | None = None
    """Height and width declared by the annotation."""
    objects: tuple[Shape, ...] = ()
    problem: str = ""
    """Error found earlier; raised when the picture is read."""
    outlines: str = "auto"
    """Reference frame of the outlines: "shown" (upright), "stored", or "auto" to infer it."""
    boxes_alone: bool = False
    """Whether to accept an object without an outline, with the filled box as its mask."""
    entry: Mapping[str, Any] = field(default_factory=dict)
    """Original image entry of a COCO file."""

    def shapes(self, size: Size) -> Iterable[Shape]:
        """Objects in a picture of the given size; overridden by other formats."""
        return self.objects

    def declared(self) -> Size | None:
        """Height and width declared by the annotation."""
        return self.size

    def semantic(self) -> np.ndarray | None:
        """Semantic labels (H, W) uint8, if the format has them."""
        return None

    def example(self) -> tuple[records.Example, Counter[str]]:
        """The upright picture with its objects, and the counters.

        Raises:
            DataError: The picture or its annotation is invalid. With one object omitted, a picture
                would present that object as background, so the whole picture is refused.
        """
        with self.named():
            example, counts = self.annotation(*finding.header(self.path))
            image = pictures.read(self.path, report=None)
        return replace(example, image=image), counts

    @contextmanager
    def named(self) -> Iterator[None]:
        """Prefix errors with the name of the picture; raise an error found earlier."""
        try:
            if self.problem:
                raise DataError(self.problem)
            yield
        except DataError as error:
            raise DataError(f"{self.filename}: {error}") from error

    def annotation(self, stored: Size, orientation: int) -> tuple[records.Example, Counter[str]]:
        """The objects, upright, on an all-zero picture, and the counters.

        Args:
            stored: Height and width of the stored picture.
            orientation: Its EXIF orientation.
        """
        shown = pictures.upright(np.empty(stored, bool), orientation).shape
        turn = self._turn(stored, shown, orientation)
        size = shown if turn == 1 else stored
        counts = Counter(pictures_turned=int(orientation != 1))
        found: list[tuple[Shape, np.ndarray, np.ndarray]] = []
        seen: dict[Any, list[Any]] = {}
        for shape in self.shapes(size):
            outline = shape.segmentation
            outline = outline.tobytes() if isinstance(outline, np.ndarray) else outline
            before = seen.setdefault((shape.number, shape.crowd, repr(shape.box)), [])
            if outline in before:
                counts["objects_given_twice"] += 1
                continue
            before.append(outline)
            if shape.number not in self.classes:
                expected, number = f"one of {len(self.classes)} classes", f"class {shape.number}"
                raise DataError(shape.where, expected=expected, found=number)
            alone = self.boxes_alone and shape.box is not None and not shape.segmentation
            mask = _filled(shape, size) if alone else mask_of(shape, size)
            around = box_around(mask)
            if around[2] == 0:
                _refuse_a_box_without_mask(shape, size)
                counts["objects_without_pixels"] += 1  # smaller than a pixel, or outside
                continue
            box = finding.upright_box(_box(shape, around, size, counts), turn, size)
            found.append((shape, pictures.upright(mask, turn), box))
            if len(found) * mask.size > records.MAX_MASK_PIXELS:
                expected = f"at most {records.MAX_MASK_PIXELS} pixels in all masks"
                raise DataError("objects", expected=expected, found="more")
        counts.update(objects=len(found), crowd=sum(shape.crowd for shape, _, _ in found))
        semantic = self.semantic()
        return records.Example(
            image=np.broadcast_to(np.uint8(0), (*shown, 3)),
            boxes=np.array([box for _, _, box in found], float).reshape(-1, 4),
            classes=np.array([shape.number for shape, _, _ in found], np.int64),
            masks=np.array([mask for _, mask, _ in found], bool).reshape(-1, *shown),
            crowd=np.array([shape.crowd for shape, _, _ in found], bool),
            source_id=self.source_id,
            class_names=tuple(self.classes[shape.number] for shape, _, _ in found),
            semantic=None if semantic is None else pictures.upright(semantic, turn),
            facts={"image": self.entry, "annotations": [shape.item for shape, _, _ in found]}
            if self.boxes_alone
            else {},
        ), counts

    def _turn(self, stored: Size, shown: Size, orientation: int) -> int:
        """Orientation that maps the outlines onto the upright picture: that of the picture, or 1.

        Annotators draw on the displayed picture, training code reads the stored one, and some tools
        combine the size of one with outlines on the other. The sizes decide if they can.
        """
        declared = self.declared()
        if declared not in (None, stored, shown):
            expected, found = f"{shown[1]}x{shown[0]} pixels", f"{declared[1]}x{declared[0]}"
            if shown != stored:
                expected += f", or {stored[1]}x{stored[0]} without its EXIF orientation,"
            expected += " as the picture has"
            raise DataError("its annotation", expected=expected, found=found)
        if orientation == 1 or self.outlines != "auto":
            return orientation if self.outlines == "stored" else 1
        shapes = list(self.shapes(declared or stored))
        if shown != stored and declared is not None and shapes:
            raster = any(isinstance(shape.segmentation, (dict, np.ndarray)) for shape in shapes)
            if declared == shown or raster:  # a mask has its own size, given by `declared`
                return 1 if declared == shown else orientation
            on_shown, on_stored = _fit(shapes, shown), _fit(shapes, stored)
            if on_shown != on_stored:
                return 1 if on_shown else orientation
        if not shapes:
            return 1
        expected = "outlines that certainly lie on it as it is shown, or as it is stored"
        found = f"a picture which its EXIF orientation {orientation} turns"
        do = "Choose --outlines shown (most tools display pictures upright) or --outlines stored."
        raise DataError("its annotation", expected=expected, found=found, do=do)


@dataclass
class AnnotationSet:
    """A sequence of annotated pictures; iteration yields their examples in order.

    Attributes:
        classes: Names by number, from 1.
        pictures: The annotated pictures, not yet opened.
        notes: One line for each omission from, or correction of, the file.
        source: Format, file name and checksum.
        counts: Counters over the pictures read so far.
    """

    classes: dict[int, str]
    pictures: list[Annotated]
    notes: list[str] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[records.Example]:
        for picture in self.pictures:
            example, counts = picture.example()
            self.counts.update(counts)
            yield example


# --- formats --------------------------------------------------------------------------------------


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
        own = (str(entry["id"]), classes, tuple(sides), shapes, problem, outlines)
        more = (boxes_alone, entry) if boxes_alone else ()
        annotated.append(Annotated(path, name, *own, *more))
    if _perhaps_per_cent(annotated):
        notes.append("all outlines lie in a corner of 100 x 100 pixels: are they per cent?")
    source = {"format": "COCO", **checksum(file)}
    return AnnotationSet(classes, each_picture_once(annotated, notes), notes, source)


def _perhaps_per_cent(annotated: Sequence[Annotated]) -> bool:
    """Whether all outlines lie within 100 x 100 pixels of pictures that are much larger."""
    drawn = [shape.segmentation for each in annotated for shape in each.objects]
    return (
        bool(drawn)
        and all(min(each.size) > 250 for each in annotated if each.objects)
        and all(
            isinstance(polygon, list) and all(type(v) in (int, float) and v <= 100 for v in polygon)
            for polygons in drawn
            for polygon in (polygons if isinstance(polygons, list) else [None])
        )
    )


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
        outlines: See `read_coco`.

    Raises:
        DataError: A file is not a LabelMe file; see `read_coco`.
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
        own = (path.stem, classes, tuple(sides), shapes, problem, outlines)
        annotated.append(Annotated(place, name, *own))
    annotated = each_picture_once(annotated, notes)
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


# --- shared by the readers of all formats ---------------------------------------------------------


def listed(folder: Path, suffixes: Sequence[str], notes: list[str]) -> list[Path]:
    """Files in a folder with a given suffix, case-insensitive; those in subfolders are noted.

    The `._NAME` files that macOS writes beside copied files are ignored.
    """
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in suffixes and not path.name.startswith("._")
    ]
    below = [str(path.relative_to(folder)) for path in found if path.parent != folder]
    if below:
        more = ", ..." if len(below) > 3 else ""
        notes.append(f"ignored: {len(below)} in folders below: {', '.join(below[:3])}{more}")
    return [path for path in found if path.parent == folder]


def locate(folder: Path, name: str, *, by_name: bool = False) -> tuple[Path | None, str]:
    """Path of a picture, or the error in its name."""
    try:
        return finding.find(folder, name, by_name=by_name), ""
    except DataError as error:
        return None, str(error)


def each_picture_once(annotated: Sequence[Annotated], notes: list[str]) -> list[Annotated]:
    """Merge entries for the same picture if at most one of them has its own objects.

    With two records for one picture, each would present the other's objects as background.
    """
    same: dict[Any, list[Annotated]] = {}
    for each in annotated:
        key = os.path.realpath(each.path) if each.path else (each.filename, each.source_id)
        same.setdefault(key, []).append(each)
    kept = []
    for entries in same.values():
        joined = max(entries, key=lambda each: len(each.objects))  # the first among equals
        if len(entries) > 1:
            objects = {repr([(s.number, s.segmentation) for s in e.objects]) for e in entries}
            ids = ", ".join(each.source_id for each in entries)
            if len(objects - {"[]"}) > 1:
                expected, found = "each picture once", f"it as {ids}, each with objects of its own"
                problem = explain(str(joined.path), expected=expected, found=found)
                kept += [replace(each, problem=problem) for each in entries]
                continue
            notes.append(f"{joined.filename}: one picture as {ids}: joined as {joined.source_id}")
        kept.append(joined)
    return kept


def checksum(path: str | Path) -> dict[str, str]:
    """File name and SHA-256, for the manifest."""
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return {"file": Path(path).name, "sha256": digest}


def take(item: Any, key: str, kind: type, where: str) -> Any:
    """Return `item[key]` if of the given type; else a `DataError` names `where` and the key."""
    value = item.get(key) if isinstance(item, dict) else None
    if not isinstance(value, kind):
        found = f"{value!r:.60}" if isinstance(item, dict) else f"{item!r:.60} for an object"
        expected = {list: "a list", str: "a text"}[kind]
        raise DataError(f"{where}, {key}", expected=expected, found=found)
    return value


def identity(item: Any, key: str, where: str, *, whole: bool = False) -> Any:
    """Number stored under a key, also as "7" or 7.0; unless `whole`, also text."""
    value = item.get(key) if hasattr(item, "get") else None
    if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,17}", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    good = isinstance(value, int) and not isinstance(value, bool)
    if not good and (whole or not isinstance(value, str)):
        found = f"{value!r:.60}" if hasattr(item, "get") else f"{item!r:.60} for an object"
        expected = "a whole number" if whole else "a number or a text"
        raise DataError(f"{where}, {key}", expected=expected, found=found)
    return value


def flag(value: Any, where: str) -> bool:
    """Boolean in any spelling used in files: 1, true, "1", "true"; a missing one is false."""
    known = {"none": False, "0": False, "false": False, "1": True, "true": True}
    text = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()
    if text not in known:
        raise DataError(where, expected="0 or 1", found=f"{value!r:.60}")
    return known[text]


def numbers(values: Any, where: str, *, texts: bool = False) -> np.ndarray:
    """Convert a list of finite numbers, with `texts` also "1.5" and the like, to (N,) float64.

    Raises:
        DataError: The value is not such a list.
    """
    kinds = (int, float, str) if texts else (int, float)
    try:
        plain = isinstance(values, list) and all(type(value) in kinds for value in values)
        plain = plain and "_" not in "".join(v for v in values if isinstance(v, str))
        array = np.array(values if plain else [np.nan], float)
    except (OverflowError, ValueError):
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise DataError(where, expected="finite numbers", found=f"{values!r:.60}")
    return array


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
    import cv2

    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return np.array([top, left, top + height, left + width], float)


LEAST_IOU = 0.3
"""Least IoU of a stated box with its mask's. Of the 861 in 92 pictures of COCO none has less than
0.39, an object one pixel high."""


def _box(shape: Shape, around: np.ndarray, size: Size, counts: Counter[str]) -> np.ndarray:
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


def _refuse_a_box_without_mask(shape: Shape, size: Size) -> None:
    """Refuse an object whose outline covers no pixel although its box does: one is wrong."""
    if shape.box is not None:
        values = numbers(shape.box, f"{shape.where}, bbox", texts=True)
        x, y, width, height = [*values.tolist(), 0, 0, 0, 0][:4]
        inside = min(x + width, size[1]) - max(x, 0), min(y + height, size[0]) - max(y, 0)
        if min(inside) > 2:
            expected, found = "pixels in its outline", f"none, but a bbox {values.tolist()}"
            raise DataError(shape.where, expected=expected, found=found)


def _filled(shape: Shape, size: Size) -> np.ndarray:
    """Mask (H, W) of an object with only a box: the filled box."""
    values = numbers(shape.box, f"{shape.where}, bbox", texts=True)
    if values.size != 4 or values.min(initial=0) < -max(size) or (values[2:] < 0).any():
        expected, found = "x, y, width, height in pixels", f"{values.tolist()}"
        raise DataError(f"{shape.where}, bbox", expected=expected, found=found)
    left, top, width, height = values
    mask = np.zeros(size, bool)
    rows, columns = (
        slice(max(0, round(a)), max(0, round(a + b))) for a, b in ((top, height), (left, width))
    )
    mask[rows, columns] = True
    return mask


def _fit(shapes: Sequence[Shape], size: Size) -> bool:
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
