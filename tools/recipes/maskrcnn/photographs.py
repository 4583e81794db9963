"""Photographs with annotations in COCO format: read for scoring, written as training records.

The records are those of the Object Detection API with two additional conventions, so that a picture
contributes to the loss exactly what its annotations contain:

* An object with a box but no outline has a mask filled with `UNKNOWN`; it trains boxes and classes,
  not masks.
* Ignored regions are crowds: COCO crowds, objects marked as difficult, vehicles of a type outside
  the classes, and the whole picture if some objects are not labelled. Inside a crowd, an unmatched
  detection is neither a true nor a false positive.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers import files, records
from helpers.errors import DataError
from tools.records.annotations import AnnotationSet, remarks
from tools.records.fields import flag

CLASSES = {"car": 1, "van": 2, "truck": 2, "bus": 2, "person": 3}
"""Numbers of the course's classes by the names of COCO's. Trucks and buses count as vans, as they
do in Kerbside."""

NOT_JUDGED = ("vehicle", "train", "tricycle")
"""Categories that may or may not be one of the classes."""

UNKNOWN = 255
"""Value of a missing mask."""


@dataclass(frozen=True)
class Photograph:
    """A photograph with its annotations."""

    name: str
    image: np.ndarray  # (H, W, 3) uint8 RGB
    boxes: np.ndarray  # (G, 4) ymin, xmin, ymax, xmax in pixels
    categories: tuple[str, ...]  # (G,)
    masks: np.ndarray  # (G, H, W) uint8: 1, 0, or `UNKNOWN` all over
    crowd: np.ndarray  # (G,) bool, also of objects marked as difficult
    complete: bool
    """Whether all objects of note are labelled."""


def read(found: AnnotationSet, *, only: str = "", skip: str = "") -> Iterator[Photograph]:
    """Read the photographs of a COCO file, in file order, and say what was left out.

    Args:
        found: From `tools.records.coco.read_coco` with `boxes_alone`. `complete` 0 of an image
            marks unlabelled objects; an empty `segmentation` means that only the box is known.
        only: Regular expression; only photographs whose name matches are read.
        skip: Regular expression; photographs whose name matches are skipped; "" skips none.

    Raises:
        DataError: A photograph is missing or differs from its declared size, or none is selected;
            an expression is none.
    """
    for pattern in (only, skip):
        try:
            re.compile(pattern)
        except re.error as error:
            what, expected = f"--only or --skip {pattern!r}", "a regular expression"
            raise DataError(what, expected=expected, found=str(error)) from error
    chosen = [
        each
        for each in found.pictures
        if re.search(only, each.filename) and not (skip and re.search(skip, each.filename))
    ]
    if not chosen:
        expected = "photographs that --only names and --skip does not"
        raise DataError(found.source["file"], expected=expected, found="none")
    found.pictures = chosen
    yield from map(_photograph, found)
    for line in remarks(found.notes, found.counts):
        print(line, file=sys.stderr)


def terms(annotations: Path, licence: str | None = None) -> dict[str, str]:
    """Name and terms of use of a source, as `source` and `licence`.

    Args:
        annotations: File in COCO format; its folder names the source unless `info.name` does.
        licence: Terms of use; by default those in `info`.

    Raises:
        DataError: The file cannot be read, or the terms are unknown.
    """
    content = files.read_json(annotations)
    about = content.get("info") if isinstance(content, dict) else None
    about = about if isinstance(about, dict) else {}
    licence = licence or about.get("licence")
    if not (licence and isinstance(licence, str)):
        do = "State it with --licence: the record of the weights names the terms of its data."
        expected = "info.licence, the terms of the photographs"
        raise DataError(str(annotations), expected=expected, found="none", do=do)
    name = about.get("name") or annotations.resolve().parent.name
    return {"source": str(name), "licence": licence}


def description(file: Path) -> Path:
    """Path of the JSON file beside a file of photographs that says where they are from.

    The whole name is kept: `street.json` may be the COCO file that `street.tfrecord` came from.
    """
    return file.with_name(f"{file.name}.json")


def described(file: Path) -> dict:
    """What the description of a file of photographs says.

    Raises:
        DataError: There is none, or it does not say the terms.
    """
    about = description(file)
    found = files.read_json(about, "the description that `photographs` writes beside its records")
    if not (isinstance(found, dict) and found.get("licence")):
        raise DataError(str(about), expected="licence, the terms of the source", found="none")
    return found


def write(
    photographs: Iterable[Photograph],
    output: Path,
    about: Mapping[str, str],
    *,
    aspect: Sequence[int] = (),
) -> dict:
    """Write one record per photograph, and a JSON file that describes them.

    Args:
        photographs: From `read`.
        output: Output TFRecord file, NAME.tfrecord, written atomically.
        about: First entries of the description, such as those of `terms`.
        aspect: Width and height of the originals, such as (4, 3), of photographs that were
            stretched for publication.

    Returns:
        The description: `about`, numbers of photographs, objects, masks and ignored regions.

    Raises:
        DataError: As for `read`; the output has another name, or is a folder; the objects are all
            of categories that the course does not have.
    """
    if output.suffix != ".tfrecord" or output.is_dir():
        expected = "a file name that ends in .tfrecord"
        raise DataError("--output", expected=expected, found=str(output))
    others: Counter[str] = Counter()
    found: dict = {**about, "aspect": list(aspect)}
    found |= dict.fromkeys(("photographs", "objects", "masks", "not_judged"), 0)

    def payloads() -> Iterator[bytes]:
        for photograph in photographs:
            image, objects = photograph.image, list(_objects(photograph))
            if aspect:
                size = image.shape[1], round(image.shape[1] * aspect[1] / aspect[0])
                image, objects = _resized(image, objects, size)
            found["objects"] += sum(not crowd for *_, crowd in objects)
            found["masks"] += sum(not c and bool((mask == 1).any()) for _, _, mask, c in objects)
            found["not_judged"] += sum(crowd for *_, crowd in objects)
            others.update({*photograph.categories} - {*CLASSES, *NOT_JUDGED})
            yield _serialised(photograph.name, image, objects)
        # Training would punish every find: nothing is written.
        if others and not found["objects"] + found["not_judged"]:
            expected = f"objects called {', '.join(CLASSES)}"
            do = "Rename the categories in the file."
            raise DataError("categories", expected=expected, found=", ".join(sorted(others)), do=do)

    found["photographs"] = records.write_payloads(output, payloads())
    for name, count in sorted(others.items()):
        print(f"note: background: {name!r}, in {count} photographs", file=sys.stderr)
    files.write_text(description(output), json.dumps(found, indent=1) + "\n")
    return found


def _photograph(example: records.Example) -> Photograph:
    image, objects = example.facts["image"], example.facts["annotations"]
    masks = example.masks.astype(np.uint8)
    masks[[not each.get("segmentation") for each in objects]] = UNKNOWN
    name = image["file_name"]
    difficult = [flag(each.get("difficult"), f"{name}, difficult") for each in objects]
    return Photograph(
        name=name,
        image=example.image,
        boxes=example.boxes,
        categories=example.class_names,
        masks=masks,
        crowd=example.crowd | np.array(difficult, bool),
        complete=flag(image.get("complete", 1), f"{name}, complete"),
    )


def _objects(photograph: Photograph) -> Iterator[tuple]:
    """Box (4,) as fractions, class, mask (H, W) uint8 and crowd of each object of interest."""
    size = photograph.image.shape[:2]
    empty = np.full(size, UNKNOWN, np.uint8)
    for box, name, mask, crowd in zip(
        photograph.boxes, photograph.categories, photograph.masks, photograph.crowd, strict=True
    ):
        if name in CLASSES or name in NOT_JUDGED:
            unknown = bool(crowd) or name in NOT_JUDGED or not mask.any()
            yield box / (size * 2), CLASSES.get(name, 1), empty if unknown else mask, unknown
    if not photograph.complete:
        yield np.array([0.0, 0.0, 1.0, 1.0]), 1, empty, True


def _resized(pixels: np.ndarray, objects: list[tuple], size: tuple[int, int]) -> tuple:
    import cv2

    pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    nearest = cv2.INTER_NEAREST
    return pixels, [
        (box, number, cv2.resize(mask, size, interpolation=nearest), crowd)
        for box, number, mask, crowd in objects
    ]


def _serialised(name: str, pixels: np.ndarray, objects: list[tuple]) -> bytes:
    """Record with the keys of `helpers.records`, whose own masks cannot be `UNKNOWN`."""
    import cv2
    import tensorflow as tf

    def encoded(extension: str, image: np.ndarray, *options: int) -> bytes:
        return cv2.imencode(extension, image, options)[1].tobytes()

    def feature(values: list) -> tf.train.Feature:
        if values and isinstance(values[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if values and isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    jpeg = encoded(".jpg", pixels[..., ::-1], cv2.IMWRITE_JPEG_QUALITY, 95)
    boxes = [[float(side) for side in box] for box, *_ in objects]
    keys = {
        "image/encoded": [jpeg],
        "image/format": [b"jpeg"],
        "image/filename": [name.encode()],
        "image/source_id": [name.encode()],
        "image/height": [pixels.shape[0]],
        "image/width": [pixels.shape[1]],
    }
    if objects:
        keys |= {
            "image/object/bbox/ymin": [box[0] for box in boxes],
            "image/object/bbox/xmin": [box[1] for box in boxes],
            "image/object/bbox/ymax": [box[2] for box in boxes],
            "image/object/bbox/xmax": [box[3] for box in boxes],
            "image/object/class/label": [number for _, number, _, _ in objects],
            "image/object/is_crowd": [int(crowd) for *_, crowd in objects],
            "image/object/mask": [encoded(".png", mask) for _, _, mask, _ in objects],
        }
    features = tf.train.Features(feature={key: feature(value) for key, value in keys.items()})
    return tf.train.Example(features=features).SerializeToString(deterministic=True)
