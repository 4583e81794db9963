"""10,000 generated examples come back from a file bit for bit, whatever form they are stored in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from helpers.records import Example, read, serialise, write_payloads
from tests.helpers.records.made import assert_same, make_example

SHARD = 250


def generated(number: int) -> tuple[Example, bool]:
    """An example and whether its masks are stored dense; every number gives another one.

    In turn: grey or RGB, dense or PNG, with and without semantic labels, amodal masks and facts.
    """
    rng = np.random.default_rng([7, number])
    count = {0: 0, 3: 50}.get(number % 20, int(rng.integers(0, 51)))
    size = tuple(rng.integers(1, 66, 2).tolist())
    changes: dict = {"source_id": f"Straße {number}"}
    if number % 2:
        changes["image"] = rng.integers(0, 256, size, np.uint8)
    if number % 3:
        changes.update(semantic=None, amodal=None, facts={})
    if number % 5 == 0:
        changes["crowd"] = np.ones(count, bool)
    if number % 7 == 0:
        changes["masks"] = np.full((count, *size), True)
        changes["boxes"] = np.tile([0, 0, *size], (count, 1))
    if number % 11 == 0:  # edges between pixels, as COCO has them
        corners = np.sort(rng.random((count, 2, 2)), axis=1).reshape(count, 4)
        boxes = changes["boxes"] = np.round(corners * (*size, *size), 2)
        masks = changes["masks"] = np.zeros((count, *size), bool)
        for mask, (top, left) in zip(masks, boxes[:, :2].astype(int), strict=True):
            mask[top, left] = True
    return make_example(rng, count, size, **changes), number % 4 < 2


def check(folder: Path, numbers: range) -> None:
    path = folder / f"{numbers.start}.tfrecord"

    def payloads() -> Iterator[bytes]:
        for number in numbers:
            example, dense = generated(number)
            yield serialise(example, dense=dense)

    assert write_payloads(path, payloads()) == len(numbers)
    for number, found in zip(numbers, read(path), strict=True):
        expected, _ = generated(number)
        try:
            assert_same(found, expected)
        except AssertionError as error:
            raise AssertionError(f"example {number}: {error}") from error
        # Written again, it is the same record: nothing is lost on the way through an `Example`.
        if expected.image.ndim == 3:
            assert serialise(found) == serialise(expected)
    path.unlink()


def test_a_sample_comes_back_bit_for_bit(tmp_path):
    check(tmp_path, range(150))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_come_back_bit_for_bit(tmp_path):
    for start in range(0, 10_000, SHARD):
        check(tmp_path, range(start, start + SHARD))


def test_the_generated_examples_hold_every_form():
    examples = [generated(number) for number in range(150)]
    counts = [len(example.classes) for example, _ in examples]
    assert min(counts) == 0
    assert max(counts) == 50
    forms = {(example.image.ndim, dense) for example, dense in examples}
    assert forms == {(2, True), (2, False), (3, True), (3, False)}
