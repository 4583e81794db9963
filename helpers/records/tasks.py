"""What a converter of records does with one picture, and with the pictures of one file.

Each picture is a `Task` that knows nothing of the others, so that it can be worked on in another
process (`helpers.records.shards`) or on another machine (`helpers.records.beam`). A picture's bytes
are kept as they are; it is decoded only to see whether it is whole. Lab 3 introduces it. Rests on
`helpers.records`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.errors import DataError, explain
from helpers.masks import mask_to_box
from helpers.records.examples import Example, serialise
from helpers.records.fields import MAX_MASK_PIXELS, Size
from helpers.records.raw import write_raw
from helpers.records.sources import read_picture


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


def attempt(task: Task) -> Record | DataError:
    """`convert`, with the error as a value: one bad picture must not stop the others."""
    try:
        return convert(task)
    except DataError as error:
        return DataError(f"{task.picture}: {error}")


@dataclass(frozen=True)
class Written:
    """One finished shard: its entry in the manifest, counts, ids of the pictures left out."""

    described: dict[str, Any]
    counts: Counter[str]
    left_out: list[str]


def share(tasks: int, files: int, number: int) -> range:
    """Which of the tasks go into shard `number`: equal parts, in order, whatever is skipped."""
    return range(number * tasks // files, (number + 1) * tasks // files)


def write_shard(
    path: Path,
    tasks: Sequence[Task],
    results: Iterable[Record | DataError],
    *,
    skip_bad: bool,
    say: Callable[[str], None],
) -> Written:
    """Write the results of some tasks, in order, as one file.

    Args:
        path: The shard.
        tasks: As many as results.
        results: From `attempt`.
        skip_bad: Leave errors out and `say` so, instead of raising the first one.
        say: Called with a line for people.
    """
    counts: Counter[str] = Counter()
    left_out: list[str] = []

    def payloads() -> Iterator[bytes]:
        for task, result in zip(tasks, results, strict=True):
            if isinstance(result, Record):
                counts.update(result.counts)
                yield result.payload
            elif not skip_bad:
                raise result
            else:
                say(f"left out: {result}")
                counts["pictures_left_out"] += 1
                left_out.append(task.source_id)

    records = write_raw(path, payloads())
    return Written({"name": path.name, "records": records, **_checksum(path)}, counts, left_out)


def _checksum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}
