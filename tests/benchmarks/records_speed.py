"""How fast records are read, by `helpers.records` and by TFOD2, side by side: a table.

    python -m tests.benchmarks.records_speed --records FILE --count 60 --rounds 3

The same pictures lie in three files, with their masks as this course writes them (PNG of one bit),
as TFOD2's own scripts do (PNG of eight bits) and as TFOD2 reads them by default (dense floats).
TFOD2 reads as its documentation shows it, one record after the other, and in parallel. All take
turns, so that whatever else the machine does meets them alike; the fastest round of each counts.

Records a second are on the clock: there `helpers.records` gains by decoding ahead, in one thread
for each CPU, as far as CPUs are free. CPU ms is the processor time of all threads for one record,
in which decoding ahead gains nothing.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

import helpers
from helpers import tfod
from helpers.records import Example, parse, read, serialise
from helpers.records.message import parse_features
from helpers.records.raw import read_raw, write_raw
from tests.helpers.records.tfod_decoder import decoder

KERBSIDE = "data/kerbside/kerbside/*/kerbside-test.tfrecord-*"
FORMS = {"PNG, 1 bit": "png", "PNG, 8 bits": "png", "dense": "dense"}
READERS = ("helpers.records", "TFOD2", "TFOD2 parallel")

Times = dict[tuple[str, str], tuple[float, float]]


def payload(example: Example, picture: bytes, form: str) -> bytes:
    """The record of an example with its own JPEG and its masks in one of the forms."""
    if form != "PNG, 8 bits":
        return serialise(example, "jpeg", encoded=picture, dense=form == "dense")
    import tensorflow as tf

    record = tf.train.Example.FromString(serialise(example, "jpeg", encoded=picture))
    masks = record.features.feature["image/object/mask"].bytes_list
    del masks.value[:]
    for mask in example.masks:
        stream = io.BytesIO()
        Image.fromarray(mask.astype(np.uint8)).save(stream, "png")
        masks.value.append(stream.getvalue())
    return record.SerializeToString()


def write_forms(source: Path, count: int, folder: Path) -> tuple[dict[str, Path], int]:
    """The first records of a file in each form; gives the files and the number of records."""
    kept = []
    for raw in islice(read_raw(source), count):
        picture = parse_features(raw.payload)["image/encoded"].bytes_list.value[0]
        kept.append((parse(raw.payload, extras=False), picture))
    files = {}
    for form in FORMS:
        files[form] = folder / f"{len(files)}.tfrecord"
        write_raw(files[form], (payload(*pair, form) for pair in kept))
    objects = sum(len(example.classes) for example, _ in kept)
    height, width = kept[0][0].image.shape[:2]
    print(f"{len(kept)} pictures of {width} x {height} (the first), {objects} objects")
    return files, len(kept)


def readers(form: str, path: Path) -> dict[str, Callable[[], object]]:
    """Each reads the whole file once."""
    import tensorflow as tf

    def tfod2(parallel: int | None) -> Callable[[], object]:
        decode = decoder(FORMS[form])
        data = tf.data.TFRecordDataset(str(path)).map(decode, num_parallel_calls=parallel)
        return lambda: deque(data.as_numpy_iterator(), maxlen=0)

    ours = lambda: deque(read(path, extras=False), maxlen=0)  # noqa: E731
    return dict(zip(READERS, (ours, tfod2(None), tfod2(tf.data.AUTOTUNE)), strict=True))


def measure(files: dict[str, Path], rounds: int) -> Times:
    """Seconds on the clock and of processors for each form and reader."""
    work = {
        (form, reader): each
        for form, path in files.items()
        for reader, each in readers(form, path).items()
    }
    best = dict.fromkeys(work, (float("inf"), float("inf")))
    for number in range(rounds + 1):
        for key, each in work.items():
            clock, processors = time.perf_counter(), time.process_time()
            each()
            taken = (time.perf_counter() - clock, time.process_time() - processors)
            if number:  # the first round traces and fills the caches
                best[key] = tuple(map(min, best[key], taken))
    return best


def table(times: Times, count: int) -> str:
    """Records a second, processor time a record, and how many times faster ours is."""
    head = ("masks", "reader", "records/s", "CPU ms", "ours is", "in CPU")
    lines = ["{:<14}{:<18}{:>10}{:>9}{:>10}{:>9}".format(*head)]
    for (form, reader), (clock, processors) in times.items():
        own_clock, own_processors = times[form, READERS[0]]
        line = f"{form:<14}{reader:<18}{count / clock:>10.1f}{1000 * processors / count:>9.2f}"
        if reader != READERS[0]:
            line += f"{clock / own_clock:>9.2f}x{processors / own_processors:>8.2f}x"
        lines.append(line)
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, help="with JPEG pictures, default Kerbside")
    parser.add_argument("--count", type=int, default=60, help="records, default 60")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each, default 3")
    options = parser.parse_args(arguments)
    source = options.records or min(helpers.ROOT.glob(KERBSIDE), default=None)
    if source is None:
        parser.error("Kerbside not found: give a file of records with --records")
    helpers.setup()
    tfod.activate()
    with TemporaryDirectory() as folder:
        files, count = write_forms(source, options.count, Path(folder))
        print(table(measure(files, options.rounds), count))


if __name__ == "__main__":
    main()
