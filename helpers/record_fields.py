"""The fields of one detection record, taken out of a `tf.train.Example` with checks.

`helpers.records` says which fields there are; here each is decoded, and whatever is wrong with it
becomes a `RecordError` that names file, record and field. Introduced with lab 3. It rests on
TensorFlow, which is imported at the first use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from helpers.errors import RecordError, explain

MAX_PIXELS = 100_000_000
"""Pictures and masks that claim to be larger are not decoded."""


class RecordFields:
    """The features of one record, taken out with checks."""

    def __init__(self, payload: bytes, where: str) -> None:
        import tensorflow as tf
        from google.protobuf.message import DecodeError

        self.where = where
        try:
            self.features = tf.train.Example.FromString(payload).features.feature
        except DecodeError as error:
            raise RecordError(
                explain(where, expected="a tf.train.Example", found=f"other bytes ({error})")
            ) from error

    def fail(self, key: str, expected: str, found: str, cause: Exception | None = None) -> NoReturn:
        """Raise a RecordError that names record and field."""
        message = explain(f"{self.where}, field {key}", expected=expected, found=found)
        raise RecordError(message) from cause

    def has(self, key: str) -> bool:
        """Whether the record has that key."""
        return key in self.features

    def _values(self, key: str, kind: str) -> Sequence:
        feature = self.features.get(key)
        if feature is None:
            return ()
        stored = feature.WhichOneof("kind")
        if stored not in (kind, None) and len(getattr(feature, stored).value):
            self.fail(key, f"a {kind}", f"a {stored}")
        return getattr(feature, kind).value

    def integers(self, key: str) -> np.ndarray:
        """Values of an integer list, (N,) int64; empty where the key is missing."""
        return np.array(self._values(key, "int64_list"), np.int64)

    def floats(self, key: str) -> np.ndarray:
        """Values of a float list, (N,) float32; empty where the key is missing."""
        return np.array(self._values(key, "float_list"), np.float32)

    def same_count(self, key: str, found: int, expected: int) -> None:
        """Fail unless a list has one value per object."""
        if found != expected:
            self.fail(key, f"one value for each of {expected} objects", f"{found}")

    def texts(self, key: str) -> tuple[str, ...]:
        """Values of a bytes list as text."""
        try:
            return tuple(value.decode() for value in self._values(key, "bytes_list"))
        except UnicodeDecodeError as error:
            self.fail(key, "UTF-8", f"other bytes ({error.reason})", error)

    def text(self, key: str) -> str:
        """The first text, or an empty one."""
        return (self.texts(key) or ("",))[0]

    def json(self, key: str) -> dict[str, Any]:
        """A JSON object, or an empty one."""
        text = self.text(key)
        try:
            return json.loads(text) if text else {}
        except json.JSONDecodeError as error:
            self.fail(key, "JSON", str(error), error)

    def picture(self, key: str, channels: int) -> np.ndarray:
        """The one picture under a key, (H, W, channels) uint8."""
        values = self._values(key, "bytes_list")
        if len(values) != 1:
            self.fail(key, "one encoded picture", f"{len(values)}")
        return self.decode(key, values[0], channels)

    def decode(self, key: str, encoded: bytes, channels: int) -> np.ndarray:
        """Decode a PNG or JPEG (H, W, channels) after a look at the size it claims."""
        import tensorflow as tf

        try:
            if encoded[:8] == b"\x89PNG\r\n\x1a\n":
                claimed = (int.from_bytes(encoded[20:24]), int.from_bytes(encoded[16:20]))
            elif encoded[:2] == b"\xff\xd8":
                claimed = tuple(tf.io.extract_jpeg_shape(encoded).numpy()[:2])
            else:
                self.fail(key, "PNG or JPEG", f"bytes that begin with {encoded[:8]!r}")
            if claimed[0] * claimed[1] > MAX_PIXELS:
                self.fail(key, f"at most {MAX_PIXELS} pixels", f"{claimed[1]}x{claimed[0]}")
            return tf.io.decode_image(encoded, channels, expand_animations=False).numpy()
        except tf.errors.OpError as error:
            self.fail(key, "a complete PNG or JPEG", "damaged bytes", error)

    def semantic(self, key: str, size: tuple[int, int]) -> np.ndarray | None:
        """Semantic labels (H, W) uint8, or None where there are none."""
        if not self.has(key):
            return None
        labels = self.picture(key, channels=1)[..., 0]
        if labels.shape != size:
            self.fail(key, f"{size[1]}x{size[0]} pixels", f"{labels.shape[1]}x{labels.shape[0]}")
        return labels

    def masks(self, key: str, count: int, size: tuple[int, int]) -> np.ndarray:
        """Masks (N, H, W) bool from PNGs or from a dense float list."""
        feature = self.features.get(key)
        if feature is None or feature.WhichOneof("kind") == "float_list":
            dense = self.floats(key)
            if feature is not None and dense.size != count * size[0] * size[1]:
                self.fail(key, f"{count} masks of {size[1]}x{size[0]}", f"{dense.size} numbers")
            return dense.reshape(-1, *size) > 0.5 if dense.size else np.zeros((count, *size), bool)
        values = self._values(key, "bytes_list")
        self.same_count(key, len(values), count)
        masks = np.zeros((count, *size), bool)
        for k, encoded in enumerate(values):
            mask = self.decode(key, encoded, channels=1)[..., 0]
            if mask.shape != size:
                found = f"{mask.shape[1]}x{mask.shape[0]} for object {k}"
                self.fail(key, f"{size[1]}x{size[0]} pixels", found)
            masks[k] = mask > 0
        return masks
