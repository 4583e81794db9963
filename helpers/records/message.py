"""`tf.train.Example`, the message inside a TFRecord, without TensorFlow.

Lab 3 looks into it: a map from keys to lists of bytes, floats or integers, and nothing else. The
same message as TensorFlow's (`tensorflow/core/example/example.proto` and `feature.proto`), byte for
byte, but rests on protobuf alone. So a process that converts pictures starts in a fraction of a
second, where importing TensorFlow takes several.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

Value = bytes | float | int
Values = Sequence[Value] | np.ndarray

_LARGE = 1 << 12  # bytes; shorter lists are not worth looking at one by one
_FIRST, _SECOND = 0x0A, 0x12  # tags of the fields 1 and 2, both with a length


_BUILDING = threading.Lock()


def _messages() -> dict[str, type]:
    """The message classes by name, the same ones for every thread.

    `cache` alone lets two threads build two sets, of which one is freed while messages are in use:
    protobuf's C code then reads freed memory.
    """
    with _BUILDING:
        return _build_messages()


@cache
def _build_messages() -> dict[str, type]:
    """The message classes, built from descriptors in a pool of their own.

    In protobuf's default pool they would collide with TensorFlow's.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="helpers/example.proto", package="tensorflow", syntax="proto3"
    )

    def message(parent: Any, name: str, *fields: tuple) -> Any:
        made = parent.add(name=name)
        for number, (field_name, label, type_number, type_name) in enumerate(fields, start=1):
            made.field.add(
                name=field_name,
                number=number,
                label=label,
                type=type_number,
                type_name=type_name and f".tensorflow.{type_name}",
            )
        return made

    many, one = kind.LABEL_REPEATED, kind.LABEL_OPTIONAL
    top = file.message_type
    message(top, "BytesList", ("value", many, kind.TYPE_BYTES, None))
    message(top, "FloatList", ("value", many, kind.TYPE_FLOAT, None))
    message(top, "Int64List", ("value", many, kind.TYPE_INT64, None))
    feature = message(
        top,
        "Feature",
        ("bytes_list", one, kind.TYPE_MESSAGE, "BytesList"),
        ("float_list", one, kind.TYPE_MESSAGE, "FloatList"),
        ("int64_list", one, kind.TYPE_MESSAGE, "Int64List"),
    )
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    features = message(
        top, "Features", ("feature", many, kind.TYPE_MESSAGE, "Features.FeatureEntry")
    )
    entry = message(
        features.nested_type,
        "FeatureEntry",
        ("key", one, kind.TYPE_STRING, None),
        ("value", one, kind.TYPE_MESSAGE, "Feature"),
    )
    entry.options.map_entry = True
    message(top, "Example", ("features", one, kind.TYPE_MESSAGE, "Features"))

    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [each.name for each in top]
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tensorflow.{name}"))
        for name in names
    }


def parse_features(payload: bytes) -> Mapping[str, Any]:
    """The features of a serialised `tf.train.Example`, by key.

    Raises:
        google.protobuf.message.DecodeError: The bytes are no such message.
    """
    return _messages()["Example"].FromString(payload).features.feature


def split_large_floats(payload: bytes) -> tuple[bytes, dict[str, np.ndarray]]:
    """Takes long float lists out of a serialised `tf.train.Example` without copying them.

    Dense masks take megabytes, and protobuf copies them twice before they are an array. Whatever
    is not written in the usual way, or damaged, stays for protobuf to judge.

    Returns:
        The message without them, and for each key a view (N,) float32 of the payload.
    """
    try:
        return _split(payload) or (payload, {})
    except (IndexError, UnicodeDecodeError):
        return payload, {}


def _split(payload: bytes) -> tuple[bytes, dict[str, np.ndarray]] | None:
    large: dict[str, np.ndarray] = {}
    kept = []
    position, end = _content(payload, 0, _FIRST)
    if end != len(payload):
        return None
    while position < len(payload):
        start = position
        inner, position = _content(payload, start, _FIRST)  # one key and its feature
        if position > len(payload):
            return None
        if position - inner > _LARGE:
            value, after_key = _content(payload, inner, _FIRST)
            key = payload[value:after_key].decode()
            floats = _packed_floats(payload, after_key, position)
            if floats is not None:
                if key in large:
                    return None
                large[key] = floats
                continue
        kept.append(payload[start:position])
    if not large:
        return None
    rest = b"".join(kept)
    return b"\x0a" + _varint(len(rest)) + rest, large


def _packed_floats(payload: bytes, position: int, end: int) -> np.ndarray | None:
    """The numbers of a feature that fills its place to the end with one packed float list."""
    for tag in (_SECOND, _SECOND, _FIRST):  # the feature, its float list, the numbers
        if payload[position] != tag:
            return None
        position, stop = _content(payload, position, tag)
        if stop != end:
            return None
    count, odd = divmod(end - position, 4)
    return None if odd else np.frombuffer(payload, "<f4", count, position)


def _content(payload: bytes, position: int, tag: int) -> tuple[int, int]:
    """Where a field with that tag and a length begins and ends.

    Raises:
        IndexError: Another field is there, or the payload ends.
    """
    if payload[position] != tag:
        raise IndexError
    length = 0
    for shift in range(0, 70, 7):  # a number has ten bytes at most
        position += 1
        length |= (payload[position] & 127) << shift
        if payload[position] < 128:
            return position + 1, position + 1 + length
    raise IndexError


def serialise_features(features: Mapping[str, Values]) -> bytes:
    """A serialised `tf.train.Example`; the same features always give the same bytes.

    Args:
        features: For each key a list of bytes, of floats or of integers, or a float32 array, which
            is copied as a whole. An empty list becomes a feature without a kind, which a reader
            that expects any of the three accepts; TFOD2 refuses an empty list of another kind.
    """
    example = _messages()["Example"]()
    stored = example.features.feature
    for key, values in features.items():
        if isinstance(values, np.ndarray) and values.size:
            stored[key].float_list.MergeFromString(_packed(values))
            continue
        feature = stored[key]
        if not len(values):
            continue
        if isinstance(values[0], bytes):
            feature.bytes_list.value.extend(values)
        elif isinstance(values[0], float):
            feature.float_list.value.extend(values)
        else:
            feature.int64_list.value.extend(values)
    return example.SerializeToString(deterministic=True)


def float_array(feature: Any) -> np.ndarray:
    """The float list of a feature as an array (N,) float32.

    Taken number by number, a list of masks would cost a Python object for each of its pixels. In
    the message's serialised form the floats lie side by side, at its end.
    """
    floats = feature.float_list
    serialised = floats.SerializeToString()
    return np.frombuffer(serialised, "<f4", offset=len(serialised) - 4 * len(floats.value))


def _packed(values: np.ndarray) -> bytes:
    """A serialised `FloatList`: the tag of field 1, the length in bytes, the floats."""
    content = values.astype("<f4").tobytes()
    return b"\x0a" + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """A number in protobuf's form: seven bits a byte, the lowest first."""
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)
