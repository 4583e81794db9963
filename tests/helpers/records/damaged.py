"""Records damaged in every way that a disk, a network or a faulty writer has, for fuzzing.

Each function of `KINDS` gives a `Damage` from random numbers. The first group damages the file, so
that checksums no longer hold; the others write wrong content under right checksums.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from helpers.records import SIDES, masked_crc, serialise
from tests.helpers.records.made import make_example

BOXES = tuple(f"image/object/bbox/{side}" for side in SIDES)
PER_OBJECT = (
    *BOXES,
    "image/object/class/label",
    "image/object/class/text",
    "image/object/is_crowd",
    "image/object/mask",
    "image/object/amodal_mask",
)
NEEDED = (
    "image/encoded",
    "image/height",
    "image/width",
    "image/source_id",
    *BOXES,
    "image/object/class/label",
    "image/object/mask",
)
TEXTS = ("image/object/class/text", "image/filename", "image/source_id", "image/facts")
MASKS = ("image/object/mask", "image/object/amodal_mask")
PICTURES = ("image/encoded", *MASKS, "image/segmentation/encoded")

Features = dict[str, list]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
FOOTER = struct.Struct("<I")


@dataclass(frozen=True)
class Damage:
    """Bytes of one framed record and what the error must name."""

    framed: bytes
    fields: tuple[str, ...] = ()  # one of them must be named; empty: any
    harmless: bool = False  # an example may come out, as after a flipped bit inside a JPEG
    lost: bool = False  # the file itself is damaged: what follows need not be found again


def frame(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + FOOTER.pack(masked_crc(length)) + payload + FOOTER.pack(masked_crc(payload))


def record(rng: np.random.Generator) -> bytes:
    """A sound record of 2 to 6 objects: PNG or JPEG, PNG masks or dense ones."""
    example = make_example(rng, int(rng.integers(2, 7)), tuple(rng.integers(8, 48, 2).tolist()))
    return serialise(example, str(rng.choice(["png", "jpeg"])), dense=rng.random() < 0.3)


def features_of(payload: bytes) -> Features:
    """The lists of a record, to be changed and serialised again."""
    lists = {}
    for key, feature in parse_features(payload).items():
        kind = feature.WhichOneof("kind")
        lists[key] = list(getattr(feature, kind).value) if kind else []
    return lists


def with_png_masks(rng: np.random.Generator) -> Features:
    return features_of(serialise(make_example(rng, int(rng.integers(2, 7)))))


def framed(features: Features, *fields: str, harmless: bool = False) -> Damage:
    return Damage(frame(serialise_features(features)), fields, harmless)


def parse_features(payload: bytes) -> dict:
    import tensorflow as tf

    return tf.train.Example.FromString(payload).features.feature


def serialise_features(features: Features) -> bytes:
    import tensorflow as tf

    record = tf.train.Example()
    kinds = {bytes: "bytes_list", int: "int64_list", float: "float_list"}
    for key, values in features.items():
        feature = record.features.feature[key]
        if len(values):
            values = [v.item() if isinstance(v, np.generic) else v for v in values]
            getattr(feature, kinds[type(values[0])]).value.extend(values)
    return record.SerializeToString()


def pick(rng: np.random.Generator, choices: tuple | list):
    return choices[int(rng.integers(len(choices)))]


def flip(rng: np.random.Generator, content: bytes, most: int = 4) -> bytes:
    """Content with 1 to `most` different bits turned."""
    noisy = bytearray(content)
    bits = min(int(rng.integers(1, most + 1)), 8 * len(noisy))
    for bit in rng.choice(8 * len(noisy), bits, replace=False).tolist():
        noisy[bit // 8] ^= 1 << bit % 8
    return bytes(noisy)


# The file ----------------------------------------------------------------------------------------


def flipped_file(rng: np.random.Generator) -> Damage:
    return Damage(flip(rng, frame(record(rng))), ("length", "payload"), lost=True)


def truncated_file(rng: np.random.Generator) -> Damage:
    whole = frame(record(rng))
    return Damage(whole[: int(rng.integers(1, len(whole)))], ("length", "payload"), lost=True)


def wrong_length(rng: np.random.Generator) -> Damage:
    """A length that is not the payload's, with its right checksum."""
    whole = frame(record(rng))
    wrong = int(pick(rng, [0, 1, len(whole), 2**31, 2**63, 2**64 - 1, int(rng.integers(1, 2**40))]))
    length = struct.pack("<Q", wrong)
    return Damage(
        length + FOOTER.pack(masked_crc(length)) + whole[12:], ("length", "payload"), lost=True
    )


# The message -------------------------------------------------------------------------------------


def flipped_payload(rng: np.random.Generator) -> Damage:
    return Damage(frame(flip(rng, record(rng), 8)), harmless=True)


def truncated_payload(rng: np.random.Generator) -> Damage:
    payload = record(rng)
    return Damage(frame(payload[: int(rng.integers(len(payload)))]))


def noise(rng: np.random.Generator) -> Damage:
    return Damage(frame(rng.bytes(int(rng.integers(1, 400)))))


def missing_key(rng: np.random.Generator) -> Damage:
    features, key = features_of(record(rng)), pick(rng, NEEDED)
    del features[key]
    return framed(features, key)


def other_count(rng: np.random.Generator) -> Damage:
    """One value too few or too many in one list: masks unlike boxes, labels unlike boxes."""
    features, key = with_png_masks(rng), pick(rng, PER_OBJECT)
    if rng.random() < 0.5:
        features[key].pop()
    else:
        features[key].append(features[key][-1])
    return framed(features, key)


def other_kind(rng: np.random.Generator) -> Damage:
    features, key = with_png_masks(rng), pick(rng, (*PER_OBJECT, *NEEDED))
    kinds = {int: [b"x", 0.5], float: [b"x", 1], bytes: [1]}  # floats could be dense masks
    values = [pick(rng, kinds[type(features[key][0])])] * len(features[key])
    return framed({**features, key: values}, key)


# Values ------------------------------------------------------------------------------------------


def bad_box(rng: np.random.Generator) -> Damage:
    """Outside the picture, inverted, or no number at all."""
    features, side = features_of(record(rng)), int(rng.integers(4))
    number = int(rng.integers(len(features[BOXES[0]])))
    if rng.random() < 0.3:
        features[BOXES[side % 2]][number], features[BOXES[side % 2 + 2]][number] = 0.9, 0.1
    else:
        wrong = [float("nan"), float("inf"), -float("inf"), -0.5, 1.5, 3e38, float(37)]
        features[BOXES[side]][number] = pick(rng, wrong)
    return framed(features, "image/object/bbox")


def bad_label(rng: np.random.Generator) -> Damage:
    features, key = features_of(record(rng)), "image/object/class/label"
    features[key][int(rng.integers(len(features[key])))] = pick(rng, [0, -1, -(2**63)])
    return framed(features, key)


def bad_text(rng: np.random.Generator) -> Damage:
    features, key = features_of(record(rng)), pick(rng, TEXTS)
    wrong = pick(rng, [b"\xff\xfe", b"caf\xe9", b"\xc3", b"\xed\xa0\x80"])
    features[key][0] = features[key][0][: int(rng.integers(4))] + wrong
    return framed(features, key)


def bad_facts(rng: np.random.Generator) -> Damage:
    wrong = [b"{", b"[1]", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"nul"]
    key = "image/facts"
    return framed({**features_of(record(rng)), key: [pick(rng, wrong)]}, key)


def bad_size(rng: np.random.Generator) -> Damage:
    """Huge, negative or simply other dimensions beside a sound picture."""
    features, key = features_of(record(rng)), pick(rng, ("image/height", "image/width"))
    features[key] = [pick(rng, [0, -1, 10**9, 2**63 - 1, features[key][0] + 1])]
    return framed(features, key)


def bad_dense(rng: np.random.Generator) -> Damage:
    example, key = make_example(rng), "image/object/mask"
    masks = example.masks.astype(np.float32).ravel()
    features = {**features_of(serialise(example)), key: masks}
    if rng.random() < 0.3:
        features[key] = masks[: int(rng.integers(1, masks.size))]
    else:
        wrong = [np.nan, np.inf, -1, 255]
        masks[int(rng.integers(masks.size))] = pick(rng, wrong)
    return framed(features, key)


# Pictures ----------------------------------------------------------------------------------------


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    """A PNG of one bit a pixel, grey, with any compressed data."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"".join(
        (SIGNATURE, chunk(b"IHDR", header), *more, chunk(b"IDAT", data), chunk(b"IEND", b""))
    )


@cache
def zeros(count: int) -> bytes:
    return zlib.compress(bytes(count), 9)


def bomb(rng: np.random.Generator) -> Damage:
    """A few kilobytes that unpack to 64 MB and more, in each picture and in several places."""
    features, key = with_png_masks(rng), pick(rng, PICTURES)
    height, width = features["image/height"][0], features["image/width"][0]
    place = pick(rng, ["pixels", "size", "limit", "text", "profile"])
    if place == "pixels":  # more than the header says
        features[key][0] = png(width, height, zeros(1 << 26))
        return framed(features, key, harmless=True)  # complete decoders stop at the last row
    if place == "size":
        side = pick(rng, [10_000, 60_000, 2**31 - 1])
        features[key][0] = png(side, side, zeros(1 << 26))
        return framed(features, key)
    if place == "limit":
        return largest(features, without_objects=rng.random() < 0.3)
    name, start = (b"zTXt", b"key\0\0") if place == "text" else (b"iCCP", b"icc\0\0")
    extra = chunk(name, start + zeros(1 << 26))
    features[key][0] = png(width, height, zeros(height * (1 + (width + 7) // 8)), extra)
    return framed(features, key, harmless=True)  # the extra is ignored, the picture is sound


def largest(features: Features, *, without_objects: bool) -> Damage:
    """As large a picture as may be decoded, and something wrong at its end or in its masks."""
    pixels = zeros(5792 * 725)
    features["image/height"] = features["image/width"] = [5792]
    if not without_objects:
        features["image/encoded"] = [png(5792, 5792, pixels)]
        return framed(features, "image/object/mask")
    features["image/encoded"] = [png(5792, 5792, pixels[:-200])]
    kept = {key: values for key, values in features.items() if key not in (*PER_OBJECT, *PICTURES)}
    return framed({**kept, "image/encoded": features["image/encoded"]}, "image/encoded")


def broken_picture(rng: np.random.Generator) -> Damage:
    """Truncated, of no pixels, of another format, or no picture at all."""
    features, key = with_png_masks(rng), pick(rng, PICTURES)
    old = features[key][0]
    wrong = [b"", SIGNATURE, b"\xff\xd8\xff", b"GIF89a" + old, b"BM" + old, rng.bytes(50)]
    wrong += [png(0, 0, zeros(1)), old[: int(rng.integers(1, len(old)))], old[:-12] + old[-4:]]
    features[key][0] = pick(rng, wrong)
    return framed(features, key)


def flipped_png(rng: np.random.Generator) -> Damage:
    """Flipped bits in a PNG mask, which its checksums find wherever they are."""
    features = with_png_masks(rng)
    key = pick(rng, MASKS)
    features[key][0] = flip(rng, features[key][0])
    return framed(features, key, harmless=True)  # except in the name of a chunk nobody needs


def jpeg(rng: np.random.Generator) -> tuple[Features, bytes]:
    features = with_png_masks(rng)
    size = (features["image/height"][0], features["image/width"][0])
    stream = io.BytesIO()
    picture = Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8))
    picture.save(stream, "jpeg", progressive=rng.random() < 0.5)
    return features, stream.getvalue()


def flipped_jpeg(rng: np.random.Generator) -> Damage:
    features, encoded = jpeg(rng)
    features["image/encoded"] = [flip(rng, encoded)]
    return framed(features, "image/encoded", "image/height", "image/width", harmless=True)


def huge_jpeg(rng: np.random.Generator) -> Damage:
    """A JPEG whose frame header claims 65,500 pixels a side."""
    features, encoded = jpeg(rng)
    start = max(encoded.find(b"\xff\xc0"), encoded.find(b"\xff\xc2")) + 5
    side = struct.pack(">H", 65_500)
    features["image/encoded"] = [encoded[:start] + side + side + encoded[start + 4 :]]
    return framed(features, "image/encoded")


KINDS: tuple[Callable[[np.random.Generator], Damage], ...] = (
    flipped_file, truncated_file, wrong_length, flipped_payload, truncated_payload, noise,
    missing_key, other_count, other_kind, bad_box, bad_label, bad_text, bad_facts, bad_size,
    bad_dense, bomb, broken_picture, flipped_png, flipped_jpeg, huge_jpeg,
)  # fmt: skip
