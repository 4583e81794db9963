"""Object-detection records in the TensorFlow Object Detection API's own keys, read and written.

Lab 3 introduces it. A record is a `tf.train.Example`: the picture as JPEG or PNG, one list per
property of the objects, one PNG per mask. `read` gives `Example`s in which everything is a plain
array, checked, so that a damaged record is an error that names file, record and field instead of a
wrong picture. It needs TensorFlow alone, which is imported at the first use.

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
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from helpers.errors import RecordError, explain
from helpers.record_fields import RecordFields
from helpers.tfrecord_files import read_raw, write_raw

SIDES = ("ymin", "xmin", "ymax", "xmax")


@dataclass(frozen=True)
class Example:
    """One picture and its objects; all arrays agree about N, H and W."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    boxes: np.ndarray  # (N, 4) float32: ymin, xmin, ymax, xmax in pixels
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
        """Boxes (N, 4) in [0, 1]."""
        height, width = self.image.shape[:2]
        return self.boxes / np.array((height, width, height, width), np.float32)

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Example({self.source_id!r}, {width}x{height}, {len(self.classes)} objects)"


def read(
    path: str | Path | Sequence[str | Path],
    *,
    skip_bad: bool = False,
    on_skip: Callable[[RecordError], None] | None = None,
) -> Iterator[Example]:
    """The examples of one file or of several, in order.

    Args:
        path: A TFRecord file, or a list of shards.
        skip_bad: Go on after a damaged record instead of raising.
        on_skip: Called with the error of each record left out (to count or to show them).

    Raises:
        RecordError: Names file, record, byte and field.
    """
    leave_out = (on_skip or (lambda error: None)) if skip_bad else None
    paths = [path] if isinstance(path, (str, Path)) else path
    for one in paths:
        for raw in read_raw(one, skip=leave_out):
            try:
                yield parse(raw.payload, raw.where())
            except RecordError as error:
                if leave_out is None:
                    raise
                leave_out(error)


def parse(payload: bytes, where: str = "record") -> Example:
    """Decode and check one serialised `tf.train.Example`.

    Raises:
        RecordError: The message begins with `where` and names the field.
    """
    features = RecordFields(payload, where)
    image = features.picture("image/encoded", channels=3)
    height, width = image.shape[:2]
    for key, value in (("image/height", height), ("image/width", width)):
        stored = features.integers(key)
        if stored.size and stored[0] != value:
            features.fail(key, f"{value} as in the picture", str(stored[0]))
    sides = [features.floats(f"image/object/bbox/{side}") for side in SIDES]
    count = len(sides[0])
    for side, values in zip(SIDES, sides, strict=True):
        features.same_count(f"image/object/bbox/{side}", len(values), count)
    normalised = np.stack(sides, axis=-1).astype(np.float32)
    _check_boxes(features, normalised)
    classes = features.integers("image/object/class/label")
    features.same_count("image/object/class/label", len(classes), count)
    if (classes < 1).any():
        features.fail("image/object/class/label", "numbers from 1", str(classes.min()))
    crowd = features.integers("image/object/is_crowd")
    if crowd.size:
        features.same_count("image/object/is_crowd", len(crowd), count)
    else:
        crowd = np.zeros(count, np.int64)
    masks = features.masks("image/object/mask", count, (height, width))
    amodal = None
    if features.has("image/object/amodal_mask"):
        amodal = features.masks("image/object/amodal_mask", count, (height, width))
    return Example(
        image=image,
        boxes=normalised * np.array((height, width, height, width), np.float32),
        classes=classes,
        masks=masks,
        crowd=crowd.astype(bool),
        source_id=features.text("image/source_id"),
        class_names=features.texts("image/object/class/text"),
        semantic=features.semantic("image/segmentation/encoded", (height, width)),
        amodal=amodal,
        facts=features.json("image/facts"),
    )


def write(
    path: str | Path, examples: Iterable[Example], *, image_format: str = "png", quality: int = 92
) -> int:
    """Write examples to one TFRecord file, complete or not at all; returns how many.

    Args:
        path: The file.
        examples: What to write; PNG pictures come back bit for bit, JPEG ones nearly.
        image_format: "png" or "jpeg".
        quality: Of JPEG, 1 to 100.
    """
    if image_format not in ("png", "jpeg"):
        raise RecordError(
            explain("image_format", expected="'png' or 'jpeg'", found=repr(image_format))
        )
    return write_raw(path, (serialise(e, image_format, quality=quality) for e in examples))


def serialise(
    example: Example, image_format: str = "png", *, encoded: bytes | None = None, quality: int = 92
) -> bytes:
    """One example as the bytes of a `tf.train.Example`; `encoded`, if given, is its picture."""
    import tensorflow as tf

    height, width = example.image.shape[:2]
    if encoded is None:
        if image_format == "png":
            encoded = tf.io.encode_png(example.image).numpy()
        else:
            encoded = tf.io.encode_jpeg(
                example.image, quality=quality, chroma_downsampling=False
            ).numpy()

    def png(mask: np.ndarray) -> bytes:
        return tf.io.encode_png(mask.astype(np.uint8)[..., None]).numpy()

    features: dict[str, list] = {
        "image/encoded": [encoded],
        "image/format": [image_format.encode()],
        "image/height": [height],
        "image/width": [width],
        "image/filename": [f"{example.source_id}.{image_format}".encode()],
        "image/source_id": [example.source_id.encode()],
        "image/key/sha256": [hashlib.sha256(encoded).hexdigest().encode()],
        "image/object/class/label": [int(c) for c in example.classes],
        "image/object/class/text": [name.encode() for name in example.class_names],
        "image/object/is_crowd": [int(c) for c in example.crowd],
        "image/object/area": [float(m.sum()) for m in example.masks],
        "image/object/mask": [png(m) for m in example.masks],
    }
    for k, side in enumerate(SIDES):
        features[f"image/object/bbox/{side}"] = [float(v) for v in example.boxes_normalised[:, k]]
    if example.semantic is not None:
        features["image/segmentation/encoded"] = [png(example.semantic)]
        features["image/segmentation/format"] = [b"png"]
    if example.amodal is not None:
        features["image/object/amodal_mask"] = [png(m) for m in example.amodal]
    if example.facts:
        facts = json.dumps(example.facts, sort_keys=True, separators=(",", ":"))
        features["image/facts"] = [facts.encode()]
    return tf.train.Example(
        features=tf.train.Features(feature={k: _feature(v) for k, v in features.items()})
    ).SerializeToString(deterministic=True)


def _feature(values: list) -> Any:
    import tensorflow as tf

    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _check_boxes(features: RecordFields, boxes: np.ndarray) -> None:
    """Boxes (N, 4) must be finite, inside the picture and not inverted."""
    slack = 1e-4  # writers round; a ten-thousandth of the picture is no error
    for row, box in enumerate(boxes):
        ymin, xmin, ymax, xmax = box
        fine = np.isfinite(box).all() and ymin <= ymax and xmin <= xmax
        if not fine or box.min() < -slack or box.max() > 1 + slack:
            features.fail(
                "image/object/bbox",
                "0 <= min <= max <= 1",
                f"{np.array2string(box, precision=4)} for object {row}",
            )
