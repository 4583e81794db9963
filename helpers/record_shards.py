"""Converts annotated pictures to shards of detection records, in one process or in several.

Lab 3 writes records with it, by way of `helpers.record_converters`. Each picture is a `Task` that
knows nothing of the others: worker processes turn tasks into records, and this process writes them
in the tasks' order, so that the files do not depend on the number of workers. A picture's bytes are
kept as they are; it is decoded only to see whether it is whole. Rests on tqdm and
`helpers.records`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers import label_maps
from helpers.errors import DataError, explain
from helpers.masks import mask_to_box
from helpers.record_fields import MAX_MASK_PIXELS, Size
from helpers.record_sources import read_picture
from helpers.records import Example, serialise
from helpers.tfrecord_files import write_raw

AHEAD = 4  # tasks waiting for each worker: none is idle while the parent writes


@dataclass(frozen=True)
class Thing:
    """One object: `mask` (H, W) bool, class from 1, and a box in pixels that may reach outside."""

    mask: np.ndarray
    number: int
    box: np.ndarray | None = None  # by default the smallest round the mask
    crowd: bool = False


Things = tuple[Iterator[Thing], np.ndarray | None]


@dataclass(frozen=True)
class Task:
    """What a worker needs to make one record; `things` is a function that can be pickled."""

    folder: Path
    picture: str  # relative to the folder
    source_id: str
    annotation: Any
    things: Callable[[Any, Size], Things]
    """Gives the objects and, where there are some, semantic labels (H, W) uint8."""
    names: Mapping[int, str]


@dataclass(frozen=True)
class Record:
    """A serialised example, and what was counted on the way."""

    payload: bytes
    counts: Counter[str]


def convert(task: Task) -> Record:
    """One record from one picture and its annotation.

    Raises:
        DataError: Something is wrong with the picture or with an object. A picture with an object
            left out would teach that there is none, so it is refused as a whole.
    """
    encoded, image_format, size = read_picture(task.folder, task.picture)
    counts: Counter[str] = Counter()
    kept: list[Thing] = []
    boxes: list[np.ndarray] = []
    things, semantic = task.things(task.annotation, size)
    for thing in things:
        box = None if thing.box is None else np.clip(thing.box, 0, (*size, *size))
        if not thing.mask.any() or (box is not None and (box[2:] <= box[:2]).any()):
            counts["objects_without_pixels"] += 1  # smaller than a pixel, or outside the picture
            continue
        counts["boxes_clipped"] += box is not None and not np.array_equal(box, thing.box)
        counts["crowd"] += thing.crowd
        kept.append(thing)
        boxes.append(mask_to_box(thing.mask) if box is None else box)
        if len(kept) * size[0] * size[1] > MAX_MASK_PIXELS:
            expected = f"at most {MAX_MASK_PIXELS} pixels in all masks"
            raise DataError(explain(task.picture, expected=expected, found="more"))
    counts["objects"] += len(kept)
    example = Example(
        image=np.broadcast_to(np.uint8(0), (*size, 3)),  # only its size is looked at
        boxes=np.array(boxes, float).reshape(-1, 4),
        classes=np.array([thing.number for thing in kept], np.int64),
        masks=np.array([thing.mask for thing in kept], bool).reshape(-1, *size),
        crowd=np.array([thing.crowd for thing in kept], bool),
        source_id=task.source_id,
        class_names=tuple(task.names[thing.number] for thing in kept),
        semantic=semantic,
    )
    return Record(serialise(example, image_format, encoded=encoded, filename=task.picture), counts)


def write_shards(
    tasks: Sequence[Task],
    out: Path,
    names: Mapping[int, str],
    *,
    source: Mapping[str, str],
    shards: int = 1,
    workers: int = 1,
    skip_bad: bool = False,
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
        counts: Counter[str] = Counter()
        left_out: list[str] = []
        payloads = _payloads(tasks, workers, skip_bad, counts, left_out)
        described = []
        for number, name in enumerate(files):
            # One call of `_payloads` gives None for a picture left out, so that a shard's part of
            # the tasks does not depend on what is skipped.
            part = (number + 1) * len(tasks) // shards - number * len(tasks) // shards
            mine = (p for p in itertools.islice(payloads, part) if p is not None)
            records = write_raw(building / name, mine)
            described.append({"name": name, "records": records, **_checksum(building / name)})
        manifest = {
            "source": dict(source),
            "records": sum(each["records"] for each in described),
            "counts": {key: counts[key] for key in COUNTS},
            "left_out": left_out,
            "classes": {str(number): names[number] for number in sorted(names)},
            "shards": described,
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


def _payloads(
    tasks: Sequence[Task], workers: int, skip_bad: bool, counts: Counter[str], left_out: list[str]
) -> Iterator[bytes | None]:
    """The tasks' records in order, None for a picture left out; adds to the counts."""
    from tqdm import tqdm

    bar = tqdm(total=len(tasks), desc="converting", unit=" pictures", file=sys.stderr)
    with bar:
        for task, result in zip(tasks, _results(tasks, workers), strict=True):
            bar.update()
            if isinstance(result, Record):
                counts.update(result.counts)
                yield result.payload
            elif skip_bad:
                bar.write(f"left out: {result}", file=sys.stderr)
                counts["pictures_left_out"] += 1
                left_out.append(task.source_id)
                yield None
            else:
                raise result


def _attempt(task: Task) -> Record | DataError:
    """`convert`, with the error as a value: one bad picture must not stop the others."""
    try:
        return convert(task)
    except DataError as error:
        return DataError(f"{task.picture}: {error}")


def _results(tasks: Sequence[Task], workers: int) -> Iterator[Record | DataError]:
    if workers == 1:
        yield from map(_attempt, tasks)
        return
    waiting: deque[Future[Record | DataError]] = deque()
    # Spawned, not forked: a fork copies TensorFlow's and OpenCV's locks, but not their threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(_attempt, task))
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


def _checksum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}
