"""Object-detection records in the TensorFlow Object Detection API's own keys, read and written.

Lab 3 introduces it. A record is a `tf.train.Example`: the picture as JPEG or PNG, one list per
property of the objects, one PNG per mask. `read` gives `Example`s in which everything is a plain
array, checked, so that a damaged record is an error that names file, record and field instead of a
wrong picture. It needs TensorFlow alone, which is imported when the first picture is decoded.

| key | content |
| --- | --- |
| `image/encoded`, `image/format` | the picture and `jpeg` or `png` |
| `image/height`, `image/width`, `image/filename`, `image/source_id` | |
| `image/key/sha256` | SHA-256 of `image/encoded`, hexadecimal |
| `image/object/bbox/ymin`, `xmin`, `ymax`, `xmax` | one float per object, in [0, 1] |
| `image/object/class/label`, `text` | from 1, and the name |
| `image/object/is_crowd`, `area` | 0 or 1; visible pixels |
| `image/object/mask` | one PNG per object, or all masks as floats, (N, H, W) flattened |
| `image/object/amodal_mask` | Kerbside: one PNG per object, what is hidden included |
| `image/segmentation/encoded` | semantic labels, a one-channel PNG |
| `image/facts` | Kerbside: the whole truth as JSON |
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mode
from typing import Any

import numpy as np

from helpers.errors import ArrayError, explain
from helpers.records.fields import RecordFields
from helpers.records.message import Values, serialise_features
from helpers.records.png import encode_mask
from helpers.records.raw import write_raw
from helpers.records.reader import Reading

SIDES = ("ymin", "xmin", "ymax", "xmax")
_SLACK = 1e-4  # writers round; a ten-thousandth of the picture is no error


@dataclass(frozen=True)
class Example:
    """One picture and its objects; all arrays agree about N, H and W."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    boxes: np.ndarray  # (N, 4) float: ymin, xmin, ymax, xmax in pixels
    classes: np.ndarray  # (N,) int64, from 1
    masks: np.ndarray  # (N, H, W) bool
    crowd: np.ndarray  # (N,) bool
    source_id: str
    class_names: tuple[str, ...] = ()
    semantic: np.ndarray | None = None  # (H, W) uint8 labels
    amodal: np.ndarray | None = None  # (N, H, W) bool
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def boxes_normalised(self) -> np.ndarray:
        """Boxes (N, 4) float32 in [0, 1], to the last bit as a record stores them."""
        return _normalised(self.boxes, self.image.shape[:2])

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Example({self.source_id!r}, {width}x{height}, {len(self.classes)} objects)"


def read(
    path: str | Path | Sequence[str | Path],
    *,
    skip_bad: bool = False,
    extras: bool = True,
    workers: int | None = None,
    every: int = 1,
) -> Reading[Example]:
    """The examples of one file or of several, in order.

    Args:
        path: A TFRecord file, or a list of shards.
        skip_bad: Go on after a damaged record instead of raising. The iterator then has `skipped`,
            the number left out so far, and `errors`, the first hundred of their errors.
        extras: Also decode `semantic`, `amodal` and `facts`, which only some data sets have.
        workers: Threads that decode ahead; by default one for each CPU.
        every: Decode every so many records of all files, from the first on; the others cost little.

    Returns:
        An iterator. Memory holds the examples that its threads work on, two for each.

    Raises:
        RecordError: Names file, record, byte and field.
    """
    paths = [path] if isinstance(path, (str, Path)) else path
    return Reading(
        paths,
        lambda raw: parse(raw.payload, raw.where(), extras=extras),
        skip_bad=skip_bad,
        workers=workers,
        every=every,
    )


def parse(payload: bytes, where: str = "record", *, extras: bool = True) -> Example:
    """Decode and check one serialised `tf.train.Example`.

    Raises:
        RecordError: The message begins with `where` and names the field.
    """
    features = RecordFields(payload, where)
    size = features.picture_size("image/encoded")
    for key, claimed in zip(("image/height", "image/width"), size, strict=True):
        stored = features.integer(key)
        if stored != claimed:
            features.fail(key, f"{claimed} as in the picture", str(stored))
    boxes = _boxes(features)
    count = len(boxes)
    classes = features.per_object("image/object/class/label", count)
    if (classes < 1).any():
        features.fail("image/object/class/label", "numbers from 1", str(classes.min()))
    names = features.texts("image/object/class/text")
    if names:
        features.same_count("image/object/class/text", len(names), count)
    if features.integers("image/object/is_crowd").size:
        crowd = features.per_object("image/object/is_crowd", count) != 0
    else:
        crowd = np.zeros(count, bool)
    features.text("image/filename")
    if not features.has("image/source_id"):
        features.fail("image/source_id", "the picture's name", "no such key")
    # The picture comes last: whatever else is wrong is found before the longest step.
    masks = features.masks("image/object/mask", count, size)
    amodal = semantic = None
    if extras:
        semantic = features.semantic("image/segmentation/encoded", size)
        if features.has("image/object/amodal_mask"):
            amodal = features.masks("image/object/amodal_mask", count, size)
    return Example(
        image=features.picture("image/encoded", channels=3),
        boxes=_pixels(boxes, size),
        classes=classes,
        masks=masks,
        crowd=crowd,
        source_id=features.text("image/source_id"),
        class_names=names,
        semantic=semantic,
        amodal=amodal,
        facts=features.json("image/facts") if extras else {},
    )


def write(
    path: str | Path,
    examples: Iterable[Example],
    *,
    image_format: str = "png",
    quality: int = 92,
    dense: bool = False,
) -> int:
    """Write examples to one TFRecord file, complete or not at all; returns how many.

    Args:
        path: The file.
        examples: What to write; PNG pictures come back bit for bit, JPEG ones nearly.
        image_format: "png" or "jpeg".
        quality: Of JPEG, 1 to 100.
        dense: Store masks as floats instead of PNGs: a hundred times larger, and the only form
            that TFOD2 reads by default.
    """
    payloads = (serialise(e, image_format, quality=quality, dense=dense) for e in examples)
    return write_raw(path, payloads)


def serialise(
    example: Example,
    image_format: str = "png",
    *,
    encoded: bytes | None = None,
    filename: str | None = None,
    quality: int = 92,
    dense: bool = False,
) -> bytes:
    """One example as the bytes of a `tf.train.Example`.

    Args:
        example: Its `image` may also be grey, (H, W) uint8, which comes back as RGB.
        image_format: "png" or "jpeg".
        encoded: The picture in that format, to be stored as it is; `image` then gives its size.
        filename: Of the picture; by default made from `source_id` and the format.
        quality: Of JPEG, 1 to 100.
        dense: Masks as floats instead of PNGs.

    Raises:
        ArrayError: The arrays do not agree about N, H and W, or the format is another.
    """
    if image_format not in ("png", "jpeg"):
        raise ArrayError(
            explain("image_format", expected="'png' or 'jpeg'", found=repr(image_format))
        )
    _check_shapes(example)
    height, width = example.image.shape[:2]
    if encoded is None:
        encoded = _encode(example.image, image_format, quality)
    features: dict[str, Values] = {
        "image/encoded": [encoded],
        "image/format": [image_format.encode()],
        "image/height": [height],
        "image/width": [width],
        "image/filename": [(filename or f"{example.source_id}.{image_format}").encode()],
        "image/source_id": [example.source_id.encode()],
        "image/key/sha256": [hashlib.sha256(encoded).hexdigest().encode()],
        "image/object/class/label": [int(c) for c in example.classes],
        "image/object/class/text": [name.encode() for name in example.class_names],
        "image/object/is_crowd": [int(c) for c in example.crowd],
        "image/object/area": [float(np.count_nonzero(m)) for m in example.masks],
    }
    if dense:
        features["image/object/mask"] = example.masks.astype(np.float32).ravel()
    else:
        features["image/object/mask"] = [encode_mask(m) for m in example.masks]
    for side, values in zip(SIDES, example.boxes_normalised.T, strict=True):
        features[f"image/object/bbox/{side}"] = values.tolist()
    if example.semantic is not None:
        features["image/segmentation/encoded"] = [_encode(example.semantic, "png")]
        features["image/segmentation/format"] = [b"png"]
    if example.amodal is not None:
        features["image/object/amodal_mask"] = [encode_mask(m) for m in example.amodal]
    if example.facts:
        facts = json.dumps(example.facts, sort_keys=True, separators=(",", ":"))
        features["image/facts"] = [facts.encode()]
    return serialise_features(features)


def _encode(image: np.ndarray, image_format: str, quality: int = 92) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    options = {"quality": quality, "subsampling": 0} if image_format == "jpeg" else {}
    Image.fromarray(image).save(stream, image_format, **options)
    return stream.getvalue()


def _check_shapes(example: Example) -> None:
    """An example that `parse` would refuse is not written."""
    size, count = example.image.shape[:2], len(example.classes)
    for name, shape in {
        "boxes": (count, 4),
        "masks": (count, *size),
        "crowd": (count,),
        "amodal": (count, *size),
        "semantic": size,
    }.items():
        array = getattr(example, name)
        if array is not None and array.shape != shape:
            found = f"{array.shape}"
            raise ArrayError(explain(f"{example!r}.{name}", expected=f"{shape}", found=found))
    if example.class_names and len(example.class_names) != count:
        found = f"{len(example.class_names)}"
        raise ArrayError(explain(f"{example!r}.class_names", expected=f"{count}", found=found))


def _boxes(features: RecordFields) -> np.ndarray:
    """Boxes (N, 4) float32: finite, inside the picture and not inverted."""
    sides = [features.floats(f"image/object/bbox/{side}") for side in SIDES]
    count = mode(len(values) for values in sides)  # so that the one that differs is named
    for side, values in zip(SIDES, sides, strict=True):
        features.same_count(f"image/object/bbox/{side}", len(values), count)
    boxes = np.array(sides).T
    low, high = boxes[:, :2], boxes[:, 2:]
    good = (low >= -_SLACK) & (low <= high) & (high <= 1 + _SLACK)  # false for NaN
    for row in np.flatnonzero(~good.all(axis=1)):
        found = f"{np.array2string(boxes[row], precision=4)} for object {row}"
        features.fail("image/object/bbox", "0 <= min <= max <= 1", found)
    return boxes


def _normalised(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return (np.asarray(boxes, np.float64) / (*size, *size)).astype(np.float32)


def _pixels(normalised: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes (N, 4) float64 in pixels that give the same 32-bit numbers when divided again.

    A box that was written in thousandths of a pixel comes back exactly, without the rounding of
    the stored 32 bits.
    """
    pixels = normalised.astype(np.float64) * (*size, *size)
    rounded = np.round(pixels, 3)
    return np.where(_normalised(rounded, size) == normalised, rounded, pixels)
