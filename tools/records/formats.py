"""Readers of Pascal VOC masks, CVAT XML and YOLO segmentation text, as annotation sets.

As in `tools.records.annotations`, on which it rests, files are cross-checked and omissions are
listed.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers import pictures
from helpers.errors import DataError, explain
from helpers.pictures import Size
from tools.records import finding
from tools.records.annotations import (
    PICTURES,
    Annotated,
    AnnotationSet,
    checksum,
    each_picture_once,
    listed,
    locate,
)
from tools.records.fields import identity, numbers
from tools.records.label_maps import read_label_map, read_names
from tools.records.shapes import Shape, mask_of

OTHERS = tuple({*pictures.SUFFIXES, *pictures.UNREAD} - {*PICTURES})
"""Suffixes of pictures that records cannot hold."""


def listed_pictures(folder: Path, notes: list[str]) -> list[Path]:
    """The JPEGs and PNGs in a folder; pictures of other formats are noted."""
    if others := listed(folder, OTHERS, []):
        count = f"ignored: {len(others)} pictures that are neither JPEG nor PNG, as"
        notes.append(f"{count} {others[0].name}")
    return listed(folder, PICTURES, notes)


# --- Pascal VOC -----------------------------------------------------------------------------------

VOC_CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
"""VOC's names, from class 1."""

VOID = 255
"""Pixels that belong to no object: outlines, and what annotators left undecided."""


@dataclass(frozen=True)
class VocPicture(Annotated):
    """A picture with one PNG of object numbers and one of class numbers."""

    object_mask: Path = Path()
    class_mask: Path = Path()

    def declared(self) -> Size:
        """Height and width of the masks."""
        return finding.header(self.object_mask)[0]

    def semantic(self) -> np.ndarray:
        """Semantic labels (H, W) uint8: the classes, void included."""
        return pictures.read_numbers(self.class_mask)

    def shapes(self, size: Size) -> Iterator[Shape]:
        """Objects, one per number in the object mask."""
        objects, classes = pictures.read_numbers(self.object_mask), self.semantic()
        if objects.shape != classes.shape:
            expected = "{1}x{0} pixels, as its SegmentationObject has".format(*objects.shape)
            found = "{1}x{0}".format(*classes.shape)
            raise DataError(str(self.class_mask), expected=expected, found=found)
        in_objects, in_classes = (
            np.isin(mask, (0, VOID), invert=True) for mask in (objects, classes)
        )
        only = (in_classes & ~in_objects).sum()
        if only:
            expected = "an object, numbered from 1 to 254, wherever there is a class"
            found = (
                f"{only} pixels of class {np.unique(classes[in_classes & ~in_objects]).tolist()}"
            )
            found += f" where the object is {np.unique(objects[in_classes & ~in_objects]).tolist()}"
            raise DataError(str(self.object_mask), expected=expected, found=found)
        if not in_objects.any() and (objects == VOID).any():
            expected, found = (
                "objects numbered from 1 to 254",
                "nothing but 0 and 255, which is void",
            )
            do = "Masks of 0 and 255 need other numbers: 1 for the object in both masks."
            raise DataError(str(self.object_mask), expected=expected, found=found, do=do)
        for value in np.unique(objects[in_objects]).tolist():
            mask = objects == value
            found = [number for number in np.unique(classes[mask]).tolist() if number != VOID]
            what = f"SegmentationClass/{self.class_mask.name}, object {value}"
            if len(found) != 1:
                expected = "one class for all of its pixels"
                raise DataError(what, expected=expected, found=f"{found or 'void'}")
            yield Shape(what, found[0], mask)


def read_voc(
    folder: Path,
    *,
    listing: Path | None = None,
    label_map: Path | None = None,
    outlines: str = "auto",
) -> AnnotationSet:
    """Read a Pascal VOC folder; boxes are the bounding boxes of the masks.

    Void pixels (255) belong to no object. They remain void in the semantic labels of the records.

    Args:
        folder: Folder with `JPEGImages/NAME.jpg`, `SegmentationObject/NAME.png` with object numbers
            and `SegmentationClass/NAME.png` with class numbers; 8-bit, not in colour.
        listing: File with one name per line (`ImageSets/Segmentation/train.txt`); by default all of
            `SegmentationObject`.
        label_map: Label map of the classes; by default the twenty of VOC, unless the folder has a
            list of its own.
        outlines: See `read_coco`.

    Raises:
        DataError: The folder or list is missing, or a name occurs twice in the list; see
            `read_coco`.
    """
    classes = read_label_map(label_map) if label_map else dict(enumerate(VOC_CLASSES, 1))
    for own in ("labelmap.txt", "class_names.txt"):  # of CVAT, of LabelMe's labelme2voc.py
        if label_map is None and (folder / own).is_file():
            expected, found = "VOC's twenty classes, or --label-map", "a list of other classes"
            do = f"Write its classes as a label map; class 1 may not be {VOC_CLASSES[0]}."
            raise DataError(str(folder / own), expected=expected, found=found, do=do)
    notes: list[str] = []
    object_masks, class_masks = (
        {path.stem: path for path in listed(folder / part, (".png",), notes)}
        for part in ("SegmentationObject", "SegmentationClass")
    )
    images: dict[str, list[Path]] = {}
    for path in listed_pictures(folder / "JPEGImages", notes):
        images.setdefault(path.stem, []).append(path)
    source, stems = {"format": "VOC"}, sorted(object_masks)
    if listing is not None:
        stems, source = _listed_stems(listing, object_masks, notes), source | checksum(listing)
    elif more := len(images.keys() - object_masks.keys()):
        notes.append(f"ignored: {more} pictures without a mask in SegmentationObject")
    if not stems:
        expected = "SegmentationObject/*.png, or a list of names"
        raise DataError(str(listing or folder), expected=expected, found="none")
    annotated: list[Annotated] = []
    for stem in stems:
        problem = ""
        for part, known in ("SegmentationObject", object_masks), ("SegmentationClass", class_masks):
            if stem not in known:
                expected, found = f"{stem}.png", "no such file"
                problem = problem or explain(str(folder / part), expected=expected, found=found)
        paths = images.get(stem, [])
        if len(paths) != 1:
            expected, found = f"one picture {stem}.jpg", ", ".join(p.name for p in paths) or "none"
            problem = problem or explain(str(folder / "JPEGImages"), expected=expected, found=found)
        path = paths[0] if paths else None
        name = f"JPEGImages/{path.name if path else stem}"
        annotated.append(
            VocPicture(
                path,
                name,
                source_id=stem,
                classes=classes,
                problem=problem,
                outlines=outlines,
                object_mask=object_masks.get(stem, Path()),
                class_mask=class_masks.get(stem, Path()),
            )
        )
    return AnnotationSet(classes, annotated, notes, source)


def _listed_stems(listing: Path, known: Mapping[str, Path], notes: list[str]) -> list[str]:
    """Names in a list. A name may contain spaces; in lists of Main/, 1, 0 or -1 follows it."""
    stems: list[str] = []
    without = []
    for number, line in enumerate(
        finding.read_text(listing, "a list of names").splitlines(), start=1
    ):
        stem, (name, _, mark) = line.strip(), line.strip().rpartition(" ")
        if stem not in known and mark in ("1", "0", "-1") and name.strip() in known:
            stem = name.strip()
            if mark == "-1":
                without.append(stem)
                continue
        if stem not in known and Path(stem).suffix.lower() in PICTURES:  # JPEGImages/NAME.jpg
            stem = Path(stem).stem
        if stem in stems:
            expected, found = "each name once", f"{stem!r} a second time"
            raise DataError(f"{listing}, line {number}", expected=expected, found=found)
        stems += [stem] if stem else []
    if without:
        notes.append(f"ignored: {len(without)} names marked -1 in the list, as {without[0]!r}")
    return stems


# --- CVAT -----------------------------------------------------------------------------------------


def read_cvat(
    file: Path, images: Path, *, outlines: str = "auto", by_name: bool = False
) -> AnnotationSet:
    """Read CVAT XML, "CVAT for images 1.1": polygons and masks, joined by label and group.

    Video tracks and image tags are omitted and noted; boxes, lines, points and ellipses give no
    object outline, so a picture with one is refused. The source id is the name of the picture.

    Raises:
        DataError: The file is not a CVAT file; see `read_coco`.
    """
    try:
        root = ET.fromstring(finding.read_text(file, "CVAT's XML"))
    except ET.ParseError as error:
        raise DataError(str(file), expected="CVAT's XML", found=str(error)) from error
    entries = root.findall("image")
    left = Counter(each.tag for part in (root, *entries) for each in part)
    notes = [f"ignored: {left[tag]} {tag}s" for tag in ("track", "tag") if left[tag]]
    if not entries:
        expected, found = "<image> in CVAT's XML for images", notes[0] if notes else "none"
        raise DataError(str(file), expected=expected, found=found)
    names = [each.text or "" for each in root.iterfind("meta//labels/label/name")]
    names = names or sorted({each.get("label", "") for entry in entries for each in entry})
    classes = dict(enumerate(dict.fromkeys(names), start=1))
    annotated = []
    for entry in entries:
        what, name = f"{file}, image {entry.get('id')}", entry.get("name", "")
        size = tuple(identity(entry, side, what, whole=True) for side in ("height", "width"))
        path, problem = locate(images, name, by_name=by_name)
        try:
            shapes = tuple(_cvat_shapes(entry, size, {v: k for k, v in classes.items()}))
        except DataError as error:
            shapes, problem = (), problem or str(error)
        annotated.append(
            Annotated(
                path,
                name,
                source_id=name,
                classes=classes,
                size=size,
                objects=shapes,
                problem=problem,
                outlines=outlines,
            )
        )
    source = {"format": "CVAT", **checksum(file)}
    return AnnotationSet(classes, each_picture_once(annotated, notes), notes, source)


def _cvat_shapes(entry: ET.Element, size: Size, numbers_of: Mapping[str, int]) -> Iterator[Shape]:
    objects: dict[tuple, list] = {}
    for index, item in enumerate(each for each in entry if each.tag != "tag"):
        label, group = item.get("label", ""), item.get("group_id") or "0"
        what = f"{item.tag} {index} ({label})"
        if item.tag not in ("polygon", "mask") or label not in numbers_of:
            expected = "a polygon or mask of a label of the task"
            found, do = f"a {item.tag} of {label!r}", "Draw it so in CVAT, or delete it."
            raise DataError(what, expected=expected, found=found, do=do)
        points, is_mask = item.get("points", "").replace(";", ",").split(","), item.tag == "mask"
        polygon = None if is_mask else numbers(points, what, texts=True).tolist()
        part = _cvat_mask(item, size, what) if is_mask else [polygon]
        key = (label, what if group == "0" else f"group {group} ({label})")
        objects.setdefault(key, []).append(part)
    for (label, what), parts in objects.items():
        if all(isinstance(part, list) for part in parts):
            outline = [polygon for part in parts for polygon in part]
        else:
            outline = np.any([mask_of(Shape(what, 0, part), size) for part in parts], axis=0)
        yield Shape(what, numbers_of[label], outline)


def _cvat_mask(item: ET.Element, size: Size, what: str) -> np.ndarray:
    """Decode row-major run lengths within the box of the mask, background first."""
    keys = ("top", "left", "height", "width")
    top, left, height, width = (identity(item, key, what, whole=True) for key in keys)
    runs = numbers(item.get("rle", "").split(","), f"{what}, rle", texts=True)
    good = (runs >= 0).all() and runs.sum() == height * width and (runs == runs.round()).all()
    if not good or top + height > size[0] or left + width > size[1]:
        found = f"{runs.sum():g} pixels for {width}x{height} at x {left}, y {top}"
        raise DataError(what, expected="runs that fill a box in the picture", found=found)
    mask, values = np.zeros(size, bool), np.arange(len(runs)) % 2 == 1
    box = np.repeat(values, runs.astype(int)).reshape(height, width)
    mask[top : top + height, left : left + width] = box
    return mask


# --- YOLO -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class YoloPicture(Annotated):
    """A picture with a text file: a class from 0, then x and y as fractions, on each line."""

    text: Path | None = None

    def shapes(self, size: Size) -> Iterator[Shape]:
        """Objects, one per line; corners may overshoot the picture by a tenth."""
        text = finding.read_text(self.text, "a label file") if self.text else ""
        rows = ((k, line.split()) for k, line in enumerate(text.splitlines(), start=1))
        for number, row in ((number, row) for number, row in rows if row):
            what = f"{self.text.name}, line {number}"
            first, *values = numbers(row, what, texts=True).tolist()
            if len(values) < 6 or len(values) % 2 or min(values) < -0.1 or max(values) > 1.1:
                expected = "a class and at least 3 corners, x and y from 0 to 1"
                do = "Four numbers are a box: export the labels for segmentation."
                found, do = f"{' '.join(row[1:])[:60]}", do * (len(values) == 4)
                raise DataError(what, expected=expected, found=found, do=do)
            if first + 1 not in self.classes:
                expected = f"a class from 0 to {max(self.classes) - 1}"
                raise DataError(what, expected=expected, found=f"{first:g}")
            corners = np.reshape(values, (-1, 2)) * size[::-1]
            yield Shape(what, int(first) + 1, [corners.ravel().tolist()])


def read_yolo(images: Path, labels: Path, names: Path, *, outlines: str = "auto") -> AnnotationSet:
    """Read a folder of pictures with YOLO segmentation text files; class 0 becomes 1, and so on.

    Args:
        images: Folder of the pictures.
        labels: Folder of the `NAME.txt` files; a picture without one has no objects.
        names: `data.yaml` with `names`, or a text file with one name per line.
        outlines: See `read_coco`.

    Raises:
        DataError: There are no pictures or no names; see `read_coco`.
    """
    notes: list[str] = []
    texts = {path.stem: path for path in listed(labels, (".txt",), notes) if path != names}
    paths, classes = listed_pictures(images, notes), read_names(names)
    if not paths or not texts:
        found = "; ".join([f"{len(paths)} and {len(texts)}", *notes])
        raise DataError(f"{images} and {labels}", expected="pictures, and texts", found=found)
    annotated, counted = [], Counter(path.stem for path in paths)
    for path in paths:
        problem = ""
        if (number := counted[path.stem]) > 1:
            problem = explain(f"{path.stem}.txt", expected="one picture for it", found=f"{number}")
        annotated.append(
            YoloPicture(
                path,
                path.name,
                source_id=path.stem,
                classes=classes,
                problem=problem,
                outlines=outlines,
                text=texts.pop(path.stem, None),
            )
        )
    if texts:
        notes.append(f"ignored: {len(texts)} texts without a picture, as {min(texts)}.txt")
    if bare := sum(each.text is None for each in annotated):
        notes.append(f"{bare} pictures without a text: taken as pictures without objects")
    return AnnotationSet(classes, annotated, notes, {"format": "YOLO"})
