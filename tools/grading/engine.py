"""Grades many submissions: several at once on this machine, or on the workers of a Dask cluster.

Dask was chosen for classes that outgrow one machine because it is pure Python and starts with one
command on each machine (`dask scheduler`, `dask worker ADDRESS`). A worker needs the course, set
up, and a sandbox of its own. It is sent a submission's bytes and gives back a grade; everything
that is written is written here. Each grade is made alone, so the order of the work and the number
of workers change nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from tools import notebooks
from tools.grading import labs, sandbox
from tools.grading.grader import Grade, Grader
from tools.grading.sandbox import Limits
from tools.grading.submissions import Submission


@dataclass(frozen=True)
class Job:
    """How a class is graded; the same for all of it."""

    limits: Limits = field(default_factory=Limits)
    folder: Path = notebooks.NOTEBOOKS
    quick: bool = False
    sandboxed: bool = True


def on_this_machine(
    submissions: list[Submission], job: Job, workers: int
) -> Iterator[tuple[Submission, Grade]]:
    """Grades with several graders at once, each with sandboxes of its own.

    Yields:
        Each submission with its grade, as they are done.
    """
    sources = labs.read_all(job.folder, quick=job.quick)
    with contextlib.ExitStack() as stack:
        fonts = stack.enter_context(sandbox.font_cache())
        free: queue.SimpleQueue[Grader] = queue.SimpleQueue()
        for slot in range(max(1, min(workers, len(submissions)))):
            grader = Grader(sources, job.limits, slot=slot, fonts=fonts, sandboxed=job.sandboxed)
            free.put(stack.enter_context(grader))

        def grade(submission: Submission) -> Grade:
            grader = free.get()
            try:
                return grader.grade(submission)
            finally:
                free.put(grader)

        pool = ThreadPoolExecutor(free.qsize())
        try:
            waiting = {pool.submit(grade, submission): submission for submission in submissions}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:  # Ctrl-C, or a lab that does not run: what has not begun does not begin
            pool.shutdown(cancel_futures=True)


_at_hand: dict[Job, Grader] = {}
"""In a Dask worker: the grader of a job, whose checks processes serve many submissions."""


def grade_bytes(student: str, name: str, content: bytes, job: Job) -> str:
    """What a Dask worker does: grades a submission that it was sent.

    Returns:
        The grade as JSON.
    """
    if job not in _at_hand:
        if job.sandboxed:
            sandbox.probe()
        stack = contextlib.ExitStack()
        fonts = stack.enter_context(sandbox.font_cache())
        sources = labs.read_all(job.folder, quick=job.quick)
        grader = Grader(sources, job.limits, fonts=fonts, sandboxed=job.sandboxed)
        _at_hand[job] = stack.enter_context(grader)
        atexit.register(stack.close)
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        path = Path(folder, Path(name).name)
        path.write_bytes(content)
        return _at_hand[job].grade(Submission(student, path)).to_json()


def on_dask(
    submissions: list[Submission], job: Job, scheduler: str
) -> Iterator[tuple[Submission, Grade]]:
    """Grades on the workers of a running Dask cluster.

    Args:
        submissions: what is graded.
        job: how; its folder must be the same on every worker.
        scheduler: the address, such as tcp://10.0.0.1:8786.
    """
    from dask.distributed import Client
    from dask.distributed import as_completed as completed

    with Client(scheduler) as client:
        waiting = {}
        for submission in submissions:
            content = submission.path.read_bytes()
            waiting[
                client.submit(
                    grade_bytes, submission.student, submission.path.name, content, job, pure=False
                )
            ] = submission
        for done in completed(list(waiting)):
            yield waiting[done], Grade.from_json(done.result())
