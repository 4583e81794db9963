"""10,000 damaged records: each an error that names its place, quickly and in little memory."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from helpers.errors import RecordError
from helpers.records import Example, parse, read, serialise
from tests.helpers.records.damaged import KINDS, Damage, frame
from tests.helpers.records.made import assert_same, make_example

SECONDS = 1.0
"""Processor time for one record, so that a busy machine fails nobody."""

MEGABYTES = 450
"""Growth of the process's peak: the largest picture and mask that may be decoded, a few times."""


@pytest.fixture(scope="module")
def good() -> list[bytes]:
    rng = np.random.default_rng(1)
    payloads = [serialise(make_example(rng, 2, source_id=name)) for name in ("before", "after")]
    parse(payloads[0])  # imports TensorFlow, which is not the reader's memory
    return payloads


def peak_megabytes() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def forget_peak() -> None:
    """Where the system can, so that what an earlier test took hides nothing."""
    control = Path("/proc/self/clear_refs")
    if control.exists():
        control.write_text("5")


def check_consistent(example: Example) -> None:
    """What every example that comes out promises."""
    size, count = example.image.shape[:2], len(example.classes)
    assert example.image.shape == (*size, 3)
    assert example.image.dtype == np.uint8
    assert example.masks.shape == (count, *size)
    assert example.boxes.shape == (count, 4)
    assert np.isfinite(example.boxes).all()
    assert (example.classes >= 1).all()
    assert example.crowd.shape == (count,)


def check(path: Path, good: list[bytes], damage: Damage) -> str:
    """Read a file with one damaged record, stopping and going on; gives the outcome."""
    first, last = frame(good[0]), frame(good[1])
    path.write_bytes(first + damage.framed + last)
    start = time.process_time()
    error = None
    examples: list[Example] = []
    try:
        examples.extend(read(path))
    except RecordError as caught:
        error = str(caught)
    assert time.process_time() - start < SECONDS
    errors: list[RecordError] = []
    kept = list(read(path, on_damage=errors.append))
    assert_same(kept[0], parse(good[0]))
    if error is None:
        assert damage.harmless
        assert not errors
        assert len(kept) == len(examples) == 3
        check_consistent(examples[1])
        return "example"
    place = f"{path}, record 1 at byte {len(first)}, "
    assert error.startswith(place), error
    field = error.removeprefix(place).removeprefix("field ").split(": expected")[0]
    assert not damage.fields or field in damage.fields, f"{error}\nnot {damage.fields}"
    assert field.startswith("image/") or field in ("payload", "length"), error
    assert str(errors[0]) == error
    if not damage.lost:  # lengths hold, so exactly one record is left out
        assert len(errors) == 1
        assert len(kept) == 2
        assert_same(kept[1], parse(good[1]))
    return "error"


def fuzz(path: Path, good: list[bytes], count: int) -> Counter[str]:
    forget_peak()
    before = peak_megabytes()
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        damage = kind(np.random.default_rng([20240229, number]))
        start = time.process_time()
        try:
            outcomes[check(path, good, damage)] += 1
        except Exception as error:
            raise AssertionError(f"damaged record {number}, {kind.__name__}: {error}") from error
        slowest = max(slowest, time.process_time() - start)
    grown = peak_megabytes() - before
    print(f"{dict(outcomes)}, slowest {slowest:.3f} s read twice, peak grew by {grown:.0f} MB")
    assert grown < MEGABYTES
    assert outcomes["error"] > 0.8 * count
    return outcomes


def test_a_sample_of_damaged_records(tmp_path, good):
    fuzz(tmp_path / "damaged.tfrecord", good, 300)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_damaged_records(tmp_path, good):
    fuzz(tmp_path / "damaged.tfrecord", good, 10_000)
