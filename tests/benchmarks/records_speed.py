"""Processor time of converting COCO pictures to records, and of reading them again.

    python -m tests.benchmarks.records_speed --coco ../shared/data/coco --count 5000

The pictures of the COCO file are taken as often as needed. Times are of all threads of this
process, the start of Python and TensorFlow included in "convert", so that a busy machine changes
little.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import helpers
from helpers import records
from tools.records.annotations import AnnotationSet
from tools.records.coco import read_coco
from tools.records.convert import write_shards


def repeated(found: AnnotationSet, count: int) -> AnnotationSet:
    """The pictures again and again, each with a source id of its own."""
    cycle = itertools.islice(itertools.cycle(found.pictures), count)
    pictures = [replace(each, source_id=f"{k}") for k, each in enumerate(cycle)]
    return replace(found, pictures=pictures)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coco", type=Path, required=True, help="instances.json and images/")
    parser.add_argument("--count", type=int, default=5000, help="pictures; default: %(default)s")
    options = parser.parse_args(arguments)
    helpers.setup(quiet=True)
    found = read_coco(options.coco / "instances.json", options.coco / "images")
    with TemporaryDirectory() as folder:
        out = Path(folder) / "speed.tfrecord"
        manifest = write_shards(repeated(found, options.count), out)
        seconds = {"convert": time.process_time()}
        count = sum(1 for _ in records.read(out, every=10, extras=False))
        seconds["read"] = time.process_time() - seconds["convert"]
    print(
        json.dumps(
            {
                "pictures": manifest["records"],
                "objects": manifest["counts"]["objects"],
                "convert_cpu_ms_per_picture": round(1000 * seconds["convert"] / options.count, 2),
                "read_cpu_ms_per_picture": round(1000 * seconds["read"] / count, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
