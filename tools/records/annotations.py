"""Pictures with other people's annotations, as the readers of all formats give them.

Annotations often come from the internet, and every tool writes them differently (lab 3). The
readers therefore cross-check them: boxes against masks, declared sizes against pictures, pictures
against each other. Whatever is consistent is read, omissions are counted, and anything ambiguous is
refused with a one-line error. Iterating over a set yields `helpers.records.Example`s. Rests on
`helpers.pictures`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from helpers import pictures, records
from helpers.errors import DataError, explain
from helpers.pictures import Size
from tools.records import finding
from tools.records.shapes import (
    Shape,
    box_around,
    box_of,
    filled_box,
    fit,
    mask_of,
    refuse_a_box_without_mask,
)

PICTURES = (".jpg", ".jpeg", ".png")
"""Suffixes of pictures that records can hold."""

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
    "boxes_from_masks": "boxes of zeros, corners or shares, replaced by those of the masks",
    "objects_given_twice": "objects listed twice, equal in everything, taken once",
    "objects_without_pixels": "objects without a pixel inside the picture, left out",
    "pictures_turned": "pictures turned upright, as their EXIF data say",
    "pictures_nearly_black": "nearly black pictures, with 12 bits in files of 16",
}
"""What was omitted or corrected, by the name of its counter."""


def remarks(notes: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Lines about everything that was omitted or corrected, for the user of a command."""
    counted = [f"{what}: {counts[key]}" for key, what in COUNTED.items() if counts[key]]
    return [f"note: {each}" for each in (*notes, *counted)]


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
            mask = filled_box(shape, size) if alone else mask_of(shape, size)
            around = box_around(mask)
            if around[2] == 0:
                refuse_a_box_without_mask(shape, size)
                counts["objects_without_pixels"] += 1  # smaller than a pixel, or outside
                continue
            box = finding.upright_box(box_of(shape, around, size, counts), turn, size)
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
            on_shown, on_stored = fit(shapes, shown), fit(shapes, stored)
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

    def __post_init__(self) -> None:
        if _perhaps_per_cent(self.pictures):
            corner = "all outlines lie in a corner of 100 x 100 pixels"
            self.notes.append(f"{corner}: are they per cent?")

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[records.Example]:
        for picture in self.pictures:
            example, counts = picture.example()
            self.counts.update(counts)
            yield example


def _perhaps_per_cent(annotated: Sequence[Annotated]) -> bool:
    """Whether all outlines lie within 100 x 100 pixels of pictures that are much larger."""
    drawn = [shape.segmentation for each in annotated for shape in each.objects]
    drawn = [each for each in drawn if not isinstance(each, list) or each]  # not boxes alone
    return (
        bool(drawn)
        and all(min(each.size) > 250 for each in annotated if each.objects)
        and all(
            isinstance(polygon, list) and all(type(v) in (int, float) and v <= 100 for v in polygon)
            for polygons in drawn
            for polygon in (polygons if isinstance(polygons, list) else [None])
        )
    )


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
