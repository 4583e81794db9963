"""The size of a JPEG is the one that TensorFlow's decoder finds, also in damaged ones."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

from helpers.records.jpeg import DamagedJPEG, jpeg_size


def as_jpeg(rng: np.random.Generator, size: tuple[int, ...] = (9, 14, 3), **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(stream, "jpeg", **options)
    return stream.getvalue()


def shape_by_tensorflow(jpeg: bytes) -> tuple[int, int] | None:
    import tensorflow as tf

    try:
        return tf.io.decode_jpeg(tf.constant(jpeg)).numpy().shape[:2]
    except tf.errors.OpError:
        return None


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"comment": b"\xff\xc0\0\x11\x08"}, {"exif": b"Exif\0\0" * 99}],
)
def test_sizes_of_sound_jpegs(rng, options):
    assert jpeg_size(as_jpeg(rng, (300, 7, 3), **options)) == (300, 7)
    assert jpeg_size(as_jpeg(rng, (5, 258), **options)) == (5, 258)


def test_fill_bytes_and_rubbish_between_segments_are_passed_over(rng):
    jpeg = as_jpeg(rng)
    for between in (b"\xff\xff\xff", b"rubbish", b"\xff\0\xff\x01", b"\xff\xd3"):
        longer = jpeg[:2] + between + jpeg[2:]
        assert jpeg_size(longer) == (9, 14)
        assert shape_by_tensorflow(longer) in ((9, 14), None)


def test_no_frame_header_is_damage(rng):
    jpeg = as_jpeg(rng)
    frame = jpeg.index(b"\xff\xc0")
    for damaged in (b"", b"\xff\xd8", b"GIF89a", *(jpeg[:n] for n in range(frame + 9))):
        with pytest.raises(DamagedJPEG):
            jpeg_size(damaged)
    with pytest.raises(DamagedJPEG):
        jpeg_size(jpeg[:frame] + jpeg[jpeg.index(b"\xff\xda") :])


@pytest.mark.parametrize(
    "filling", [b"\xff", b"\xff\0", b"\xff\xd0", b"\xff\xe0\0\2", b"\xff\xe0\0\0", b"\0"]
)
def test_megabytes_before_the_frame_take_no_time(rng, filling):
    jpeg = as_jpeg(rng)
    longer = jpeg[:2] + filling * (30_000_000 // len(filling)) + jpeg[2:]
    start = time.process_time()
    try:
        assert jpeg_size(longer) == (9, 14)
    except DamagedJPEG:
        assert filling.startswith(b"\xff\xe0")
    assert time.process_time() - start < 1


def test_what_tensorflow_decodes_has_the_size_that_was_claimed(rng):
    """Otherwise a header could pass the check and the decoder take another one."""
    decoded = 0
    for number in range(1500):
        jpeg = bytearray(as_jpeg(rng, progressive=bool(number % 2)))
        end = jpeg.index(b"\xff\xda") + 2
        for _ in range(int(rng.integers(1, 4))):
            position = int(rng.integers(2, end))
            jpeg[position] = int(rng.choice([0, 1, 2, 0xC0, 0xC4, 0xD0, 0xFF, rng.integers(256)]))
        # What claims to be large is not decoded, as in `helpers.records`.
        try:
            claimed = jpeg_size(bytes(jpeg))
        except DamagedJPEG:
            claimed = None
        if claimed is not None and claimed[0] * claimed[1] > 1 << 20:
            continue
        found = shape_by_tensorflow(bytes(jpeg))
        assert found in (claimed, None)
        decoded += found is not None
    assert decoded > 150
