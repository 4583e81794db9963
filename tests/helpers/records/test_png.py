"""One-bit PNGs: other decoders see 0 and 1, and damage is noticed."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from helpers.records.png import DamagedPNG, decode_mask, encode_mask, png_size

SIZES = [(1, 1), (1, 8), (7, 9), (3, 64), (40, 37)]


@pytest.mark.parametrize("size", SIZES)
def test_masks_come_back_here_and_in_other_decoders(rng, size):
    import tensorflow as tf

    mask = rng.random(size) < 0.4
    png = encode_mask(mask)
    assert png_size(png) == size
    np.testing.assert_array_equal(decode_mask(png), mask)
    np.testing.assert_array_equal(tf.io.decode_png(png, channels=1).numpy()[..., 0], mask)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), mask)


def as_png(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "png", **options)
    return stream.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_eight_bits_of_grey_are_read_as_a_complete_decoder_reads_them(rng, size):
    import tensorflow as tf

    grey = rng.choice(np.array([0, 0, 1, 128, 255], np.uint8), size)
    for png in (
        as_png(grey),
        as_png(grey, transparency=0),
        tf.io.encode_png(grey[..., None]).numpy(),
    ):
        found = decode_mask(png)
        assert found.dtype == bool
        np.testing.assert_array_equal(found, tf.io.decode_png(png, 1).numpy()[..., 0] > 0)


def test_other_forms_are_left_to_a_complete_decoder(rng):
    grey = rng.integers(0, 2, (9, 11), np.uint8)
    assert decode_mask(as_png(grey.astype(np.uint16))) is None
    assert decode_mask(as_png(np.stack([grey] * 3, axis=-1))) is None


def test_damaged_grey_is_noticed(rng, capfd):
    png = as_png(rng.integers(0, 2, (9, 11), np.uint8))
    for position in range(33, len(png)):  # before that is the header, tested below
        flipped = bytearray(png)
        flipped[position] ^= 1 << int(rng.integers(8))
        for damaged in (bytes(flipped), png[:position]):
            with pytest.raises(DamagedPNG):
                decode_mask(damaged)
    assert capfd.readouterr().err == ""


def test_grey_whose_pixels_end_early_is_no_mask():
    """Every checksum is right; only what is compressed is too short."""
    png = as_png(np.ones((64, 64), np.uint8))
    start, end = png.index(b"IDAT") + 4, png.index(b"IEND") - 8
    few = zlib.compress(zlib.decompress(png[start:end])[:1000])
    chunk = struct.pack(">I", len(few)) + b"IDAT" + few
    damaged = png[: start - 8] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + png[end + 4 :]
    found = decode_mask(damaged)
    assert found is None or not found.all()


def test_every_flipped_bit_and_every_truncation_is_noticed(rng):
    mask = rng.random((5, 12)) < 0.5
    png = encode_mask(mask)
    for position in range(len(png)):
        flipped = bytearray(png)
        flipped[position] ^= 1 << int(rng.integers(8))
        for damaged in (bytes(flipped), png[:position]):
            try:
                found = decode_mask(damaged)
            except DamagedPNG:
                continue
            # A header of another form goes to the complete decoder, which checks it.
            assert found is None
            assert 24 <= position < 29
