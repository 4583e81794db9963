"""Converts annotated pictures to shards of detection records, in one process or in several.

Lab 3 writes records with it, by way of `helpers.records.converters`. Worker processes turn tasks
into records, and this process writes them in the tasks' order, so that the files do not depend on
the number of workers; or Apache Beam does both. Rests on tqdm and `helpers.records.tasks`.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

from helpers import label_maps
from helpers.errors import DataError, explain
from helpers.records.tasks import Record, Task, Written, attempt, share, write_shard

AHEAD = 4  # tasks waiting for each worker: none is idle while the parent writes


def write_shards(
    tasks: Sequence[Task],
    out: Path,
    names: Mapping[int, str],
    *,
    source: Mapping[str, str],
    shards: int = 1,
    workers: int = 1,
    skip_bad: bool = False,
    runner: str = "",
    runner_options: Sequence[str] = (),
) -> dict[str, Any]:
    """Convert all tasks; write shards, a label map and, last of all, a manifest.

    Args:
        tasks: In the order of the records.
        out: `NAME.tfrecord`. More shards than one become `NAME.tfrecord-00000-of-0000N`; beside
            them are `label_map.pbtxt` and `NAME.manifest.json` with every shard's SHA-256.
        names: Of the classes, by their numbers from 1.
        source: Where the annotations come from, for the manifest.
        shards: How many files; each holds an equal part of the pictures, in order.
        workers: Processes that convert.
        skip_bad: Leave pictures out that are missing, damaged or wrongly annotated.
        runner: Of Apache Beam, such as "DirectRunner"; see `helpers.records.beam`. By default this
            process and its workers do without Beam. The files are the same.
        runner_options: Command-line options of that runner.

    Returns:
        The manifest.

    Raises:
        DataError: See `convert`; or no picture at all, or files that would be mixed up with these.
    """
    if not 1 <= shards <= len(tasks) or workers < 1:
        expected = f"at least 1 worker, 1 to {len(tasks)} shards for {len(tasks)} pictures"
        raise DataError(explain(str(out), expected=expected, found=f"{workers} and {shards}"))
    files = [out.name]
    if shards > 1:
        files = [f"{out.name}-{number:05}-of-{shards:05}" for number in range(shards)]
    out.parent.mkdir(parents=True, exist_ok=True)
    _refuse_others(out, files)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent))
    try:
        label_map = _write_label_map(names, building, out.parent / "label_map.pbtxt")
        if runner:
            from helpers.records.beam import write_with_beam

            write = partial(write_with_beam, runner=runner, options=runner_options)
        else:
            write = _write_here
        written = write(tasks, building, files, workers=workers, skip_bad=skip_bad)
        counts = sum((each.counts for each in written), Counter())
        manifest = {
            "source": dict(source),
            "records": sum(each.described["records"] for each in written),
            "counts": {key: counts[key] for key in COUNTS},
            "left_out": [name for each in written for name in each.left_out],
            "classes": {str(number): names[number] for number in sorted(names)},
            "shards": [each.described for each in written],
        }
        if not manifest["records"]:
            raise DataError(explain(str(out), expected="a picture to write", found="none left"))
        summary = out.with_suffix(".manifest.json")
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (building / summary.name).write_text(text, encoding="utf-8")
        summary.unlink(missing_ok=True)  # an old one must not vouch for new shards
        for name in (*files, label_map, summary.name):
            os.replace(building / name, out.parent / name)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


COUNTS = ("objects", "crowd", "boxes_clipped", "objects_without_pixels", "pictures_left_out")


def _write_here(
    tasks: Sequence[Task], building: Path, files: Sequence[str], *, workers: int, skip_bad: bool
) -> list[Written]:
    """All shards, one after the other, by this process and its workers."""
    from tqdm import tqdm

    written = []
    with tqdm(total=len(tasks), desc="converting", unit=" pictures", file=sys.stderr) as bar:
        say = partial(bar.write, file=sys.stderr)
        results = _counted(_results(tasks, workers), bar)
        for number, name in enumerate(files):
            mine = [tasks[k] for k in share(len(tasks), len(files), number)]
            part = itertools.islice(results, len(mine))
            written.append(write_shard(building / name, mine, part, skip_bad=skip_bad, say=say))
    return written


def _counted(results: Iterator[Record | DataError], bar: Any) -> Iterator[Record | DataError]:
    for result in results:
        bar.update()
        yield result


def _results(tasks: Sequence[Task], workers: int) -> Iterator[Record | DataError]:
    if workers == 1:
        yield from map(attempt, tasks)
        return
    waiting: deque[Future[Record | DataError]] = deque()
    # Spawned, not forked: a fork copies TensorFlow's and OpenCV's locks, but not their threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(attempt, task))
                if len(waiting) == AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            do = "Most often memory ran out: use fewer --workers."
            expected, found = "a worker's result", "that it was ended from outside"
            raise DataError(explain("--workers", expected=expected, found=found, do=do)) from error
        finally:
            for future in waiting:
                future.cancel()


def _refuse_others(out: Path, files: Sequence[str]) -> None:
    """Shards of another division would be read together with the new ones by `NAME.tfrecord*`."""
    family = re.compile(re.escape(out.name) + r"(-\d{5}-of-\d{5})?")
    names = sorted(path.name for path in out.parent.iterdir() if family.fullmatch(path.name))
    others = [name for name in names if name not in files]
    if others:
        do = "Remove them or choose another name."
        found = f"{others[0]} and {len(others) - 1} more" if len(others) > 1 else others[0]
        raise DataError(explain(str(out), expected="no other shards", found=found, do=do))


def _write_label_map(names: Mapping[int, str], building: Path, target: Path) -> str:
    """Write the label map for later; it must say what it is meant to, and not replace another."""
    path = building / target.name
    path.write_bytes(label_maps.write(names).encode("utf-8", "surrogatepass"))
    try:
        kept = label_maps.read(path)
    except DataError:
        kept = {}
    if min(names, default=0) < 1 or kept != dict(names):
        expected = "classes numbered from 1 whose names a label map can hold"
        raise DataError(explain("class names", expected=expected, found=repr(dict(names))[:200]))
    if target.exists() and label_maps.read(target) != dict(names):
        do = "Write to another folder, or remove it."
        expected, found = "the same classes as here", "a label map of others"
        raise DataError(explain(str(target), expected=expected, found=found, do=do))
    return target.name
