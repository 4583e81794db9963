"""One-bit PNGs: other decoders see 0 and 1, and damage is noticed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from helpers.mask_png import DamagedPNG, decode_mask, encode_mask, png_size

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


def test_other_forms_are_left_to_a_complete_decoder(rng):
    grey = rng.integers(0, 2, (9, 11), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "png")
    assert decode_mask(stream.getvalue()) is None


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
