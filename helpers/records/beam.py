"""Converts annotated pictures on Apache Beam: one shard is one piece of work, on any machine.

Lab 3: `python -m helpers.records from-coco ... --shards 64 --runner DirectRunner`, and the same
with another runner for sets that outgrow one machine. Beam decides which machine writes which shard
and repeats what fails; the files are those that `helpers.records.shards` writes without it. No
picture travels through Beam: a worker reads its tasks and pictures from the disk and writes its
shard there, so that memory holds one record at a time, and all machines must see the folders under
the same paths. Rests on `helpers.beam_runner`.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from helpers import beam_runner
from helpers.errors import DataError, explain
from helpers.files import write_bytes
from helpers.records.tasks import Task, Written, attempt, share, write_shard


def write_with_beam(
    tasks: Sequence[Task],
    building: Path,
    files: Sequence[str],
    *,
    workers: int,
    skip_bad: bool,
    runner: str,
    options: Sequence[str] = (),
) -> list[Written]:
    """All shards, by a Beam pipeline.

    Args:
        tasks: In the order of the records.
        building: The folder for the shards; tasks and answers are left in it, too.
        files: Names of the shards.
        workers: Processes, with the DirectRunner.
        skip_bad: Leave bad pictures out.
        runner: See `helpers.beam_runner.pipeline`.
        options: Likewise.

    Raises:
        DataError: A picture is bad, or the runner gave up.
        SetupError: Beam is not installed.
    """
    beam = beam_runner.activate()
    building = building.absolute()
    for number, name in enumerate(files):
        _store([tasks[k] for k in share(len(tasks), len(files), number)], building, f"{name}.tasks")
    try:
        with beam_runner.pipeline(runner, workers=workers, options=options) as pipeline:
            shards = pipeline | "shards" >> beam.Create(list(files)) | beam.Reshuffle()
            shards | "write" >> beam.Map(partial(convert_shard, folder=building, skip_bad=skip_bad))
    except Exception as error:  # runners raise whatever they like
        expected, found = "the pipeline's end", f"{type(error).__name__}: {error}"[:500]
        raise DataError(explain(f"--runner {runner}", expected=expected, found=found)) from error
    written = [_load(building, f"{name}.answer") for name in files]
    for answer in written:
        if isinstance(answer, DataError):
            raise answer
    return written


def convert_shard(name: str, *, folder: Path, skip_bad: bool) -> str:
    """What a worker does: one shard, from the tasks that lie beside it.

    A bad picture is an answer and not an exception: Beam would try it again and then hide its
    message in its own.
    """
    tasks = _load(folder, f"{name}.tasks")
    say = partial(print, file=sys.stderr)
    try:
        answer: Written | DataError = write_shard(
            folder / name, tasks, map(attempt, tasks), skip_bad=skip_bad, say=say
        )
    except DataError as error:
        answer = error
    _store(answer, folder, f"{name}.answer")
    return name


def _store(content: Any, folder: Path, name: str) -> None:
    """Complete or not at all: Beam may start the same work twice."""
    write_bytes(folder / name, pickle.dumps(content))


def _load(folder: Path, name: str) -> Any:
    return pickle.loads((folder / name).read_bytes())
