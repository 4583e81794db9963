"""The fields of one detection record, taken out of a `tf.train.Example` with checks.

`helpers.records` says which fields there are; here each is decoded, and whatever is wrong with it
becomes a `RecordError` that names file, record and field. A picture's header is read before the
picture is, so that a few damaged bytes cannot ask for gigabytes. Introduced with lab 3. It rests on
TensorFlow, which is imported when the first picture is decoded, because only TensorFlow's JPEG
decoder gives the same pixels as TFOD2 does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from helpers.errors import RecordError, explain
from helpers.records.jpeg import DamagedJPEG, jpeg_size
from helpers.records.message import float_array, parse_features, split_large_floats
from helpers.records.png import SIGNATURE, DamagedPNG, decode_mask, png_size

MAX_PIXELS = 1 << 25
"""Pictures and masks that claim to be larger (34 million pixels) are not decoded: a few bytes could
otherwise ask for a second of work and 200 MB."""

MAX_MASK_PIXELS = 1 << 30
"""All masks of a record together: N times H times W, which is their size in bytes."""

MAX_SCANS = 200
"""Of a progressive JPEG, which repeats the picture in each; a camera's has about ten."""

MAX_DEPTH = 100
"""Of JSON: brackets in brackets. The parser would follow them to the limit of Python's stack, where
whatever else happens to run fails."""

Size = tuple[int, int]


class RecordFields:
    """The features of one record, taken out with checks."""

    def __init__(self, payload: bytes, where: str) -> None:
        from google.protobuf.message import DecodeError

        self.where = where
        self._sizes: dict[str, Size] = {}  # of pictures whose header was read and found sound
        try:
            rest, self.large = split_large_floats(payload)
            self.features = parse_features(rest)
            if self.large.keys() & set(self.features):  # of a key written twice the last counts
                self.large, self.features = {}, parse_features(payload)
        except DecodeError as error:
            raise RecordError(
                explain(
                    f"{where}, payload",
                    expected="a tf.train.Example",
                    found=f"other bytes ({error})",
                )
            ) from error

    def fail(
        self, key: str, expected: str, found: str, *, do: str = "", cause: Exception | None = None
    ) -> NoReturn:
        """Raise a RecordError that names record and field."""
        message = explain(f"{self.where}, field {key}", expected=expected, found=found, do=do)
        raise RecordError(message) from cause

    def has(self, key: str) -> bool:
        """Whether the record has that key."""
        return key in self.features or key in self.large

    def _values(self, key: str, kind: str) -> Sequence:
        if key in self.large:
            if kind != "float_list":
                self.fail(key, f"a {kind}", "a float_list")
            return self.large[key]
        feature = self.features.get(key)
        if feature is None:
            return ()
        stored = feature.WhichOneof("kind")
        if stored not in (kind, None) and len(getattr(feature, stored).value):
            self.fail(key, f"a {kind}", f"a {stored}")
        return getattr(feature, kind).value

    # Numbers and texts --------------------------------------------------------------------------

    def integers(self, key: str) -> np.ndarray:
        """Values of an integer list, (N,) int64; empty where the key is missing."""
        return np.array(self._values(key, "int64_list"), np.int64)

    def integer(self, key: str) -> int:
        """The one value of an integer list."""
        values = self._values(key, "int64_list")
        if len(values) != 1:
            self.fail(key, "one number", f"{len(values)}")
        return values[0]

    def floats(self, key: str) -> np.ndarray:
        """Values of a float list, (N,) float32; empty where the key is missing."""
        values = self._values(key, "float_list")
        if key in self.large:
            return self.large[key]
        return float_array(self.features[key]) if len(values) else np.zeros(0, np.float32)

    def per_object(self, key: str, count: int) -> np.ndarray:
        """An integer list with one value for each object, (N,) int64."""
        values = self.integers(key)
        self.same_count(key, len(values), count)
        return values

    def same_count(self, key: str, found: int, expected: int) -> None:
        """Fail unless a list has one value per object."""
        if found != expected:
            shown = str(found) if self.has(key) else "no such key"
            self.fail(key, f"one value for each of {expected} objects", shown)

    def texts(self, key: str) -> tuple[str, ...]:
        """Values of a bytes list as text."""
        try:
            return tuple(value.decode() for value in self._values(key, "bytes_list"))
        except UnicodeDecodeError as error:
            self.fail(key, "UTF-8", f"other bytes ({error.reason})", cause=error)

    def text(self, key: str) -> str:
        """The first text, or an empty one."""
        return (self.texts(key) or ("",))[0]

    def json(self, key: str) -> dict[str, Any]:
        """A JSON object, or an empty one."""
        text = self.text(key)
        if (depth := _depth(text)) > MAX_DEPTH:
            self.fail(key, f"JSON of at most {MAX_DEPTH} levels", f"{depth}")
        try:
            content = json.loads(text) if text else {}
        except ValueError as error:
            self.fail(key, "JSON", str(error), cause=error)
        if not isinstance(content, dict):
            self.fail(key, "a JSON object", type(content).__name__)
        return content

    # Pictures -----------------------------------------------------------------------------------

    def picture(self, key: str, channels: int, size: Size | None = None) -> np.ndarray:
        """The one picture under a key, (H, W, channels) uint8, of a known size if given."""
        claimed = self.picture_size(key)
        if size is not None:
            self._check_size(key, claimed, size, "")
        return self._decode(key, self._encoded(key), channels)

    def picture_size(self, key: str) -> Size:
        """Height and width that the one picture under a key claims in its header."""
        if key not in self._sizes:
            claimed = self._claimed_size(key, self._encoded(key), "")
            self._check_size(key, claimed, None, "")
            self._sizes[key] = claimed
        return self._sizes[key]

    def _encoded(self, key: str) -> bytes:
        values = self._values(key, "bytes_list")
        if len(values) != 1:
            found = f"{len(values)}" if self.has(key) else "no such key"
            self.fail(key, "one encoded picture", found)
        return values[0]

    def semantic(self, key: str, size: Size) -> np.ndarray | None:
        """Semantic labels (H, W) uint8, or None where there are none."""
        return self.picture(key, 1, size)[..., 0] if self.has(key) else None

    def masks(self, key: str, count: int, size: Size) -> np.ndarray:
        """Masks (N, H, W) bool from PNGs or from a dense float list."""
        if count * size[0] * size[1] > MAX_MASK_PIXELS:
            found = f"{count} of {size[1]}x{size[0]}"
            self.fail(key, f"at most {MAX_MASK_PIXELS} pixels in all masks", found)
        feature = self.features.get(key)
        dense = feature is not None and feature.WhichOneof("kind") == "float_list"
        if dense or key in self.large:
            return self._dense_masks(key, count, size)
        values = self._values(key, "bytes_list")
        self.same_count(key, len(values), count)
        masks = np.empty((count, *size), bool)
        for number, encoded in enumerate(values):
            masks[number] = self._decode_mask(key, encoded, size, number)
        return masks

    def _dense_masks(self, key: str, count: int, size: Size) -> np.ndarray:
        dense = self.floats(key)
        if dense.size != count * size[0] * size[1]:
            self.fail(key, f"{count} masks of {size[1]}x{size[0]}", f"{dense.size} numbers")
        # NaN fails the comparison, wherever it is: minimum and maximum pass it on.
        if dense.size and not (dense.min() >= 0 and dense.max() <= 1):
            self.fail(key, "numbers from 0 to 1", f"{dense.min()} to {dense.max()}")
        return (dense > 0.5).reshape(count, *size)

    def _decode_mask(self, key: str, encoded: bytes, size: Size, number: int) -> np.ndarray:
        suffix = f" for object {number}"
        self._check_size(key, self._claimed_size(key, encoded, suffix), size, suffix)
        if encoded.startswith(SIGNATURE):
            try:
                mask = decode_mask(encoded)
            except DamagedPNG as error:
                self.fail(key, "a complete PNG", f"damaged bytes{suffix} ({error})", cause=error)
            if mask is not None:
                return mask
        return self._decode(key, encoded, 1, suffix)[..., 0] > 0

    def _decode(self, key: str, encoded: bytes, channels: int, suffix: str = "") -> np.ndarray:
        """Decode a PNG or JPEG (H, W, channels); the size it claims was looked at before."""
        import tensorflow as tf

        # `tf.io.decode_image` does the same with much Python round it, which is slower than a mask;
        # so is the way that TensorFlow takes when it is given bytes instead of a tensor.
        content, decode = tf.constant(encoded), tf.raw_ops.DecodeImage
        try:
            return decode(contents=content, channels=channels, expand_animations=False).numpy()
        except tf.errors.OpError as error:
            self.fail(key, "a complete PNG or JPEG", f"damaged bytes{suffix}", cause=error)

    def _claimed_size(self, key: str, encoded: bytes, suffix: str) -> Size:
        """Height and width from a picture's header."""
        if not encoded.startswith((SIGNATURE, b"\xff\xd8")):
            self.fail(key, "PNG or JPEG", f"bytes that begin with {encoded[:8]!r}{suffix}")
        png = encoded.startswith(SIGNATURE)
        if not png and (scans := encoded.count(b"\xff\xda")) > MAX_SCANS:
            self.fail(key, f"a JPEG of at most {MAX_SCANS} scans", f"{scans}{suffix}")
        try:
            return png_size(encoded) if png else jpeg_size(encoded)
        except (DamagedPNG, DamagedJPEG) as error:
            self.fail(key, "a complete PNG or JPEG", f"damaged bytes{suffix}", cause=error)

    def _check_size(self, key: str, claimed: Size, expected: Size | None, suffix: str) -> None:
        found = f"{claimed[1]}x{claimed[0]}{suffix}"
        if expected is not None and claimed != expected:
            self.fail(key, f"{expected[1]}x{expected[0]} pixels", found)
        if not 0 < claimed[0] * claimed[1] <= MAX_PIXELS:
            self.fail(key, f"1 to {MAX_PIXELS} pixels", found)


def _depth(text: str) -> int:
    """How deep brackets are nested; those in strings count too, where they hardly ever pile up."""
    codes = np.frombuffer(text.encode(), np.uint8)
    opened = ((codes == ord("[")) | (codes == ord("{"))).astype(np.int32)
    closed = (codes == ord("]")) | (codes == ord("}"))
    return int(np.cumsum(opened - closed).max(initial=0))
