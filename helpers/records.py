"""Detection records: pictures with objects, in the keys of the TensorFlow Object Detection API.

A record is a `tf.train.Example` in a TFRecord file: the picture as JPEG or PNG, one list for each
property of the objects, one PNG for each mask. Lab 3 takes a file apart byte by byte; from then on
the labs use `read` and `write`. Training pipelines of TFOD2 and Model Garden read the same keys.
It has over 400 lines, because reading, checking and writing follow one table of keys:

| key | content |
| --- | --- |
| `image/encoded`, `image/format` | the picture, and `jpeg` or `png` |
| `image/height`, `image/width`, `image/filename`, `image/source_id` | |
| `image/key/sha256` | SHA-256 of `image/encoded`, hexadecimal |
| `image/object/bbox/ymin`, `xmin`, `ymax`, `xmax` | one float per object, in [0, 1] |
| `image/object/class/label`, `text` | from 1, and the name |
| `image/object/is_crowd`, `area` | 0 or 1; visible pixels |
| `image/object/mask` | one PNG per object, or all masks as floats, (N, H, W) flattened |
| `image/object/amodal_mask` | Kerbside: one PNG per object, hidden parts included |
| `image/segmentation/encoded` | semantic labels, a one-channel PNG |
| `image/facts` | Kerbside: the whole truth as JSON |
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mode
from typing import Any

import numpy as np
from google_crc32c import value as crc32c

from helpers import files, pictures
from helpers.errors import ArrayError, DataError, RecordError
from helpers.masks import mask_to_box

SIDES = ("ymin", "xmin", "ymax", "xmax")

_PACKED = {b"\x1f\x8b": "GZIP", b"x\x01": "ZLIB", b"x\x9c": "ZLIB", b"x\xda": "ZLIB"}
MAX_MASK_PIXELS = 1 << 30  # limit of all masks of a record together: a byte for each pixel


@dataclass(frozen=True)
class Example:
    """One picture and its N objects; all arrays agree about N, H and W."""

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
        height, width = self.image.shape[:2]
        return (np.asarray(self.boxes, np.float64) / ((height, width) * 2)).astype(np.float32)

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Example({self.source_id!r}, {width}x{height}, {len(self.classes)} objects)"


def read(
    paths: str | Path | Sequence[str | Path],
    *,
    every: int = 1,
    extras: bool = True,
    on_damage: Callable[[RecordError], object] | None = None,
) -> Iterator[Example]:
    """Yield the examples of one TFRecord file or of several, in order.

    Args:
        paths: TFRecord file, not compressed, or a list of shards.
        every: Step through the records of all files: 1 for each, 10 for each tenth.
        extras: Whether to decode `semantic`, `amodal` and `facts` as well.
        on_damage: Function of the `RecordError` of a damaged record, which is then left out, such
            as `errors.append`; by default the first one is raised.

    >>> next(read("missing.tfrecord"))
    Traceback (most recent call last):
    helpers.errors.RecordError: missing.tfrecord: expected a TFRecord file, found no such file.
    """
    if every < 1:
        raise ArrayError("every", expected="1 or more", found=str(every))
    paths = [paths] if isinstance(paths, (str, Path)) else paths
    raws = (pair for path in paths for pair in payloads(path, on_damage=on_damage))
    for number, (where, payload) in enumerate(raws):
        if number % every == 0:
            try:
                example = parse(payload, where, extras=extras)
            except RecordError as error:
                if on_damage is None:
                    raise
                on_damage(error)
            else:
                yield example


def parse(payload: bytes, where: str = "record", *, extras: bool = True) -> Example:
    """Decode and check one serialised `tf.train.Example`, the reverse of `serialise`.

    What is wrong with it is a `RecordError` that begins with `where` and names the field.

    >>> parse(b"?")
    Traceback (most recent call last):
    helpers.errors.RecordError: record, payload: expected a tf.train.Example, found other bytes.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        return _example(tf.train.Example.FromString(payload).features.feature, extras)
    except DecodeError as error:
        expected = "a tf.train.Example"
        raise RecordError(f"{where}, payload", expected=expected, found="other bytes") from error
    except RecordError as error:
        raise RecordError(f"{where}, {error}") from error


def _example(features: Mapping, extras: bool) -> Example:
    (encoded,) = _values(features, "image/encoded", count=1)
    size = _numbers("image/encoded", encoded, None).shape
    for key, claimed in zip(("image/height", "image/width"), size, strict=True):
        (number,) = _values(features, key, "int64_list", 1)
        _need(number == claimed, key, f"{claimed} as in the picture", number)
    keys = [f"image/object/bbox/{side}" for side in SIDES]
    # The most frequent count is right, so that the list that differs is named.
    count = mode(len(_values(features, key, "float_list")) for key in keys)
    sides = [_values(features, key, "float_list", count) for key in keys]
    normalised = np.array(sides, np.float32).reshape(4, -1).T
    low, high = normalised[:, :2], normalised[:, 2:]
    good = (low >= -1e-4) & (low <= high) & (high <= 1 + 1e-4)  # false for NaN; writers round
    for row in np.flatnonzero(~good.all(axis=1)):
        found = f"{np.array2string(normalised[row], precision=4)} for object {row}"
        _need(False, "image/object/bbox", "0 <= min <= max <= 1", found)
    classes = np.array(_values(features, "image/object/class/label", "int64_list", count), int)
    _need((classes > 0).all(), "image/object/class/label", "numbers from 1", classes)
    names = _texts(features, "image/object/class/text")
    crowd = _values(features, "image/object/is_crowd", "int64_list")
    for key, found in ("class/text", names), ("is_crowd", crowd):
        good = len(found) in (0, count)
        _need(good, f"image/object/{key}", f"{count} values", len(found))
    _need({*crowd} <= {0, 1}, "image/object/is_crowd", "0 or 1", [*crowd])
    _texts(features, "image/filename")
    _values(features, "image/source_id", count=1)
    masks = _masks(features, "image/object/mask", count, size)
    boxes = _in_pixels(normalised, size)
    for number, (box, mask) in enumerate(zip(boxes, masks, strict=True)):
        found = f"an empty mask for object {number}"
        _need(mask.any(), "image/object/mask", "pixels", found)
        around = mask_to_box(mask)
        outside = np.r_[box[:2] - around[:2], around[2:] - box[2:]]
        found = f"{box.round(2).tolist()} for object {number}"
        expected = f"a box round its mask, {around.tolist()}"
        _need((outside <= tolerance(around)).all(), "image/object/bbox", expected, found)
    semantic = amodal = None
    if extras and "image/segmentation/encoded" in features:
        (png,) = _values(features, "image/segmentation/encoded", count=1)
        semantic = _numbers("image/segmentation/encoded", png, size)
    if extras and "image/object/amodal_mask" in features:
        amodal = _masks(features, "image/object/amodal_mask", count, size)
    return Example(
        image=_colours("image/encoded", encoded),
        boxes=boxes,
        classes=classes,
        masks=masks,
        crowd=np.array(crowd, bool) if crowd else np.zeros(count, bool),
        source_id=_texts(features, "image/source_id")[0],
        class_names=names,
        semantic=semantic,
        amodal=amodal,
        facts=_facts(features) if extras else {},
    )


def write(path: str | Path, examples: Iterable[Example]) -> int:
    """Write examples to one TFRecord file, complete or not at all; return how many.

    Pictures are stored as PNG, so that `read` gives back the same pixels.

    >>> from tempfile import TemporaryDirectory
    >>> from helpers import kerbside
    >>> with TemporaryDirectory() as folder:
    ...     write(f"{folder}/two", list(read(kerbside.record_files("val")))[:2])
    2
    """
    return write_payloads(path, map(serialise, examples))


def serialise(
    example: Example,
    image_format: str = "png",
    *,
    encoded: bytes | None = None,
    filename: str | None = None,
    dense: bool = False,
) -> bytes:
    """Encode one example as the bytes of a `tf.train.Example`.

    Args:
        example: Picture and objects; `image` may also be grey, (H, W), which comes back as RGB.
        image_format: "png", which comes back bit for bit, or "jpeg", which comes back nearly.
        encoded: Picture in that format, stored as it is; `image` then gives the size alone.
        filename: Name of the picture; by default made from `source_id` and the format.
        dense: Whether to store masks as floats instead of PNGs: a hundred times larger, and the
            only form that TFOD2 reads by default.

    >>> none = np.zeros((0, 4))
    >>> empty = Example(np.zeros((8, 9, 3), np.uint8), none, none[:, 0], np.zeros((0, 8, 9), bool),
    ...                 none[:, 0], "empty street")
    >>> parse(serialise(empty))
    Example('empty street', 9x8, 0 objects)
    """
    import tensorflow as tf

    _check(example, image_format)
    height, width = example.image.shape[:2]
    if encoded is None:
        options = {"quality": 92, "subsampling": 0} if image_format == "jpeg" else {}
        encoded = _encode(example.image, image_format, **options)
    facts = json.dumps(example.facts, sort_keys=True, separators=(",", ":"))
    features: dict[str, Any] = {
        "image/encoded": [encoded],
        "image/format": [image_format.encode()],
        "image/height": [height],
        "image/width": [width],
        "image/filename": [(filename or f"{example.source_id}.{image_format}").encode()],
        "image/source_id": [example.source_id.encode()],
        "image/key/sha256": [hashlib.sha256(encoded).hexdigest().encode()],
        "image/object/class/label": [int(number) for number in example.classes],
        "image/object/class/text": [name.encode() for name in example.class_names],
        "image/object/is_crowd": [int(each) for each in example.crowd],
        "image/object/area": [float(np.count_nonzero(mask)) for mask in example.masks],
        "image/object/mask": [_encode_mask(mask) for mask in (() if dense else example.masks)],
        "image/facts": [facts.encode()] if example.facts else None,
    }
    for side, values in zip(SIDES, example.boxes_normalised.T, strict=True):
        features[f"image/object/bbox/{side}"] = values.tolist()
    if dense:
        features["image/object/mask"] = example.masks.ravel().astype(float).tolist()
    if example.semantic is not None:
        features["image/segmentation/encoded"] = [_encode(example.semantic, "png")]
        features["image/segmentation/format"] = [b"png"]
    if example.amodal is not None:
        features["image/object/amodal_mask"] = [_encode_mask(mask) for mask in example.amodal]
    message = tf.train.Example()
    kinds = {bytes: "bytes_list", float: "float_list", int: "int64_list"}
    for key, values in features.items():
        if values is not None:
            feature = message.features.feature[key]
            if values:
                getattr(feature, kinds[type(values[0])]).value.extend(values)
    return message.SerializeToString(deterministic=True)


def _need(good: bool, key: str, expected: str, found: object) -> None:
    if not good:
        raise RecordError(f"field {key}", expected=expected, found=str(found))


def _values(
    features: Mapping, key: str, kind: str = "bytes_list", count: int | None = None
) -> Sequence:
    """The list of a key, empty where there is none; of as many values as asked for."""
    stored = features[key].WhichOneof("kind") if key in features else None
    found = getattr(features[key], stored).value if stored else ()
    _need(stored == kind or not found, key, f"a {kind}", f"a {stored}")
    _need(count in (None, len(found)), key, f"{count} values", f"{len(found)}")
    return found


def _texts(features: Mapping, key: str) -> tuple[str, ...]:
    try:
        return tuple(value.decode() for value in _values(features, key))
    except UnicodeDecodeError as error:
        raise RecordError(f"field {key}", expected="UTF-8", found=str(error)) from error


def _facts(features: Mapping) -> dict[str, Any]:
    text = (_texts(features, "image/facts") or ("{}",))[0]
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError("field image/facts", expected="JSON", found=str(error)) from error
    _need(isinstance(facts, dict), "image/facts", "a JSON object", type(facts).__name__)
    return facts


def _numbers(key: str, encoded: bytes, size: tuple | None, suffix: str = "") -> np.ndarray:
    """One PNG or JPEG as (H, W) uint8, or, if the size is not known yet, zeros of its size."""
    expected = f"{size[1]}x{size[0]} pixels" if size else f"1 to {pictures.MAX_PIXELS} pixels"
    scans = encoded.count(b"\xff\xda") if encoded.startswith(b"\xff\xd8") else 0
    _need(scans <= 200, key, "a JPEG of at most 200 scans", f"{scans}{suffix}")
    try:
        with pictures.opened(encoded, ("PNG", "JPEG")) as (picture, _):
            claimed = picture.height, picture.width  # first, or a few bytes could ask for gigabytes
            good = claimed[0] * claimed[1] <= pictures.MAX_PIXELS and size in (None, claimed)
            _need(good, key, expected, f"{claimed[1]}x{claimed[0]}{suffix}")
            if size is None:
                return np.broadcast_to(np.uint8(0), claimed)
            pictures.load(picture, encoded)
            if picture.mode.startswith("I"):  # of 16 bits the upper 8, as TFOD2 has it
                return (np.asarray(picture) >> 8).astype(np.uint8)
            return np.array(picture if picture.mode in ("L", "P") else picture.convert("L"))
    except RecordError:
        raise
    except DataError as error:
        found = f"damaged bytes{suffix}, which begin with {encoded[:8]!r}"
        expected = "a complete PNG or JPEG"
        raise RecordError(f"field {key}", expected=expected, found=found) from error


def _colours(key: str, encoded: bytes) -> np.ndarray:
    """A picture (H, W, 3), by TensorFlow: Pillow's JPEG differs from TFOD2's in the last bit."""
    import tensorflow as tf

    try:
        return tf.io.decode_image(encoded, channels=3, expand_animations=False).numpy()
    except tf.errors.OpError as error:
        raise RecordError(f"field {key}: expected a complete picture, found damage.") from error


def _masks(features: Mapping, key: str, count: int, size: tuple[int, int]) -> np.ndarray:
    """Masks (N, H, W) bool from PNGs or from a dense float list."""
    pixels = count * size[0] * size[1]
    _need(pixels <= MAX_MASK_PIXELS, key, f"at most {MAX_MASK_PIXELS} pixels in all", pixels)
    if key in features and features[key].WhichOneof("kind") == "float_list":
        dense = np.array(_values(features, key, "float_list", pixels), np.float32)
        good = ((dense >= 0) & (dense <= 1)).all()
        _need(good, key, "numbers from 0 to 1", "others")
        return (dense > 0.5).reshape(count, *size)
    masks = np.empty((count, *size), bool)
    for number, encoded in enumerate(_values(features, key, count=count)):
        masks[number] = _numbers(key, encoded, size, f" for object {number}") > 0
    return masks


def tolerance(box: np.ndarray) -> np.ndarray:
    """Largest distance of a stated box from its mask's (4,): 4 pixels, or a tenth of the sides."""
    # Of the 861 objects in 92 pictures of COCO none is further away.
    height, width = box[2:] - box[:2]
    return np.array([max(4, height / 10), max(4, width / 10)] * 2)


def _in_pixels(normalised: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes (N, 4) float64 in pixels, in thousandths where that gives the same 32-bit numbers."""
    pixels = normalised.astype(np.float64) * (*size, *size)
    rounded = np.round(pixels, 3)
    same = (rounded / (*size, *size)).astype(np.float32) == normalised
    return np.where(same, rounded, pixels)


def _check(example: Example, image_format: str) -> None:
    """An example that `parse` would refuse is not written."""
    if image_format not in ("png", "jpeg"):
        raise ArrayError("image_format", expected="'png' or 'jpeg'", found=repr(image_format))
    size, count = example.image.shape[:2], len(example.classes)
    shapes = {"boxes": (count, 4), "masks": (count, *size), "crowd": (count,)}
    shapes |= {"amodal": (count, *size), "semantic": size, "class_names": (count,)}
    for name, shape in shapes.items():
        found = np.shape(getattr(example, name))
        missing = getattr(example, name) is None or (name == "class_names" and found == (0,))
        if not missing and found != shape:
            raise ArrayError(f"{example!r}.{name}", expected=f"{shape}", found=f"{found}")


def _encode(pixels: np.ndarray, image_format: str, **options: int) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, image_format, **options)
    return stream.getvalue()


def _encode_mask(mask: np.ndarray) -> bytes:
    """A mask as a PNG of one bit a pixel, in a quarter of the time that Pillow takes."""
    height, width = mask.shape
    rows = np.zeros((height, 1 + (width + 7) // 8), np.uint8)  # column 0: no filter
    rows[:, 1:] = np.packbits(mask, axis=1)
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    # Colours (0, 0, 0) and (1, 1, 1), so that every decoder that is asked for grey gives 0 and 1,
    # the numbers that TFOD2 and Model Garden expect.
    chunks = (header, b"PLTE\0\0\0\1\1\1", b"IDAT" + zlib.compress(rows.tobytes()), b"IEND")
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def masked_crc(data: bytes) -> int:
    """CRC-32C as TFRecord files store it: turned by 15 bits, plus a constant."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def payloads(
    path: str | Path, *, on_damage: Callable[[RecordError], object] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield the place of each record, for messages, and its payload, compared with its checksum.

    TensorFlow's own reader names no record and cannot go on after a damaged one. Arguments as for
    `read`; after a damaged length no record can be found, and reading ends.
    """
    try:
        size, file = Path(path).stat().st_size, Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise RecordError(str(path), expected="a TFRecord file", found=found) from error
    with file:
        index = offset = 0
        while offset < size:
            where, part = f"{path}, record {index} at byte {offset}", "length"
            expected, found = "its checksum", "another one"
            do = "The file is truncated or damaged: fetch or write it again."
            head = file.read(12)
            length = int.from_bytes(head[:8], "little")
            if len(head) < 12 or masked_crc(head[:8]) != int.from_bytes(head[8:], "little"):
                if kind := _PACKED.get(head[:2]) if not offset else None:
                    expected, found = "records as they are", f"a file compressed with {kind}"
                    do = f'Unpack it, or read it with tf.data.TFRecordDataset(..., "{kind}").'
                elif not offset:
                    do = "Either it is no TFRecord file, or it is damaged: fetch or write it again."
            elif offset + 16 + length > size or length >= 1 << 30:
                expected, found = "at most what is left of the file", f"{length} bytes"
            else:
                part, payload = "payload", file.read(length)
                if masked_crc(payload) == int.from_bytes(file.read(4), "little"):
                    part = ""
                    yield where, payload
            if part:
                error = RecordError(f"{where}, {part}", expected=expected, found=found, do=do)
                if on_damage is None:
                    raise error
                on_damage(error)
                if part == "length":
                    return
            offset += 16 + length
            index += 1


def write_payloads(path: str | Path, contents: Iterable[bytes]) -> int:
    """Write payloads as a TFRecord file, complete or not at all; return how many."""
    count = 0
    with files.whole(path) as temporary, temporary.open("wb") as file:
        for payload in contents:
            count += 1
            length = struct.pack("<Q", len(payload))
            file.write(length + struct.pack("<I", masked_crc(length)))
            file.write(payload + struct.pack("<I", masked_crc(payload)))
    return count


def label_map_text(names: Mapping[int, str]) -> str:
    """The text of a label map, which tells what the numbers of classes mean, as TFOD2 reads it.

    >>> print(label_map_text({1: "car"}))
    item {
      id: 1
      name: 'car'
    }
    <BLANKLINE>
    """
    from google.protobuf import text_encoding

    for number, name in names.items():
        text = name.strip() and name.encode("utf-8", "replace").decode() == name
        alike = {k: each for k, each in names.items() if each.strip() == name.strip()}
        if not (text and 0 < number < 1 << 31 and len(alike) == 1):
            expected = f"classes numbered from 1 to {(1 << 31) - 1}, each with its own name"
            raise DataError("class names", expected=expected, found=f"{alike}"[1:-1])
    quoted = {k: text_encoding.CEscape(names[k], as_utf8=True) for k in sorted(names)}
    return "".join(f"item {{\n  id: {k}\n  name: '{quoted[k]}'\n}}\n" for k in quoted)
