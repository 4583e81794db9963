"""Bug: a record's masks read as exactly one value (lab 3, section 3).

A published answer parses `image/object/mask` with `FixedLenFeature([], tf.string)`. That is right
for pictures of one object and raises for all others, so for the first street with two cars. The
number of objects is not known beforehand: the feature has a variable length, which may be zero.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from helpers import records
from tests.helpers.records.made import make_example

tf = pytest.importorskip("tensorflow")

Parse = Callable[[bytes], np.ndarray]
COUNTS = (0, 1, 2, 7)


def wrong(record: bytes) -> np.ndarray:
    fields = {"image/object/mask": tf.io.FixedLenFeature([], tf.string)}
    parsed = tf.io.parse_single_example(record, fields)
    return tf.io.decode_png(parsed["image/object/mask"], channels=1).numpy()[None, ..., 0] > 0


def right(record: bytes) -> np.ndarray:
    fields = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/object/mask": tf.io.RaggedFeature(tf.string),
    }
    parsed = tf.io.parse_single_example(record, fields)
    size = tf.io.decode_image(parsed["image/encoded"]).shape[:2]
    pngs = parsed["image/object/mask"].numpy()
    found = [tf.io.decode_png(png, channels=1).numpy()[..., 0] > 0 for png in pngs]
    return np.array(found, bool).reshape(-1, *size)


def by_the_course(record: bytes) -> np.ndarray:
    return records.parse(record).masks


def check(parse: Parse, counts: tuple[int, ...] = COUNTS) -> None:
    """As many masks come back as were written, and the same ones."""
    rng = np.random.default_rng(0)
    for count in counts:
        example = make_example(rng, count=count)
        assert len(example.masks) == count
        try:
            found = parse(records.serialise(example))
        except tf.errors.InvalidArgumentError as error:
            raise AssertionError(f"{count} objects: {error.message}") from error
        np.testing.assert_array_equal(found, example.masks)


@pytest.mark.parametrize("parse", [right, by_the_course])
def test_a_variable_length_gives_every_mask(parse: Parse) -> None:
    check(parse)


@pytest.mark.parametrize("count", [0, 2, 7])
def test_a_fixed_length_fails_for_any_number_but_one(count: int) -> None:
    with pytest.raises(AssertionError, match=f"{count} objects: .*image/object/mask"):
        check(wrong, (count,))


def test_why_its_author_did_not_notice() -> None:
    check(wrong, (1,))
