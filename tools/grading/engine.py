"""Grading of many submissions, in parallel on this machine or on the workers of a Dask cluster.

Dask serves classes too large for one machine; it is pure Python and needs one command per machine
(`dask scheduler`, `dask worker ADDRESS`). A worker needs the installed course and a sandbox. It
receives the bytes of a submission and returns a grade; all files are written here. Submissions are
graded independently, so order and number of workers do not affect the grades.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from helpers.environment import available_cpus, dask_client
from tools import notebooks
from tools.grading import labs, sandbox
from tools.grading.grader import Grader
from tools.grading.grades import Grade
from tools.grading.sandbox import Limits
from tools.grading.submissions import Submission, printable
from tools.untrusted import clean


@dataclass(frozen=True)
class Job:
    """Settings for grading a class."""

    limits: Limits = field(default_factory=Limits)
    folder: Path = notebooks.NOTEBOOKS
    quick: bool = False
    sandboxed: bool = True


GB = 1_000_000_000
WORKER_GB = {True: 3, False: 6}
"""Memory of one grader with its two processes, quick or not, as the labs of the course need it."""


def default_workers(quick: bool) -> int:
    """Number of submissions graded in parallel, limited by cores and memory."""
    fit = psutil.virtual_memory().available // (WORKER_GB[quick] * GB)
    return max(1, min(available_cpus(), int(fit)))


def on_this_machine(
    submissions: list[Submission], job: Job, workers: int
) -> Iterator[tuple[Submission, Grade]]:
    """Grade with several graders in parallel, each with its own sandboxes.

    Yields:
        Each submission with its grade on completion, lab by lab.
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
        finally:  # Ctrl-C: what has not begun does not begin
            pool.shutdown(cancel_futures=True)


_at_hand: dict[Job, Grader] = {}
"""In a Dask worker: the grader of a job, whose checks process serves many submissions."""


def grade_bytes(submission: Submission, job: Job) -> str:
    """Task of a Dask worker: grade a submission sent with its content.

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
    return _at_hand[job].grade(submission).to_json()


def on_dask(
    submissions: list[Submission], job: Job, scheduler: str
) -> Iterator[tuple[Submission, Grade]]:
    """Grade on the workers of a running Dask cluster.

    Args:
        submissions: Submissions to grade.
        job: Settings; the folder must be the same on every worker.
        scheduler: Address of the scheduler, such as tcp://10.0.0.1:8786.
    """
    with dask_client(scheduler) as client:
        from dask.distributed import as_completed as completed

        waiting = {}
        for submission in submissions:
            try:
                sent = replace(submission, path=None, content=submission.read())
            except OSError as error:
                yield submission, _not_graded(submission, error)
                continue
            waiting[client.submit(grade_bytes, sent, job, pure=False)] = submission
        for done in completed(list(waiting)):
            try:
                grade = Grade.from_json(done.result())
            except Exception as error:  # the worker is gone, or another one than this course's
                grade = _not_graded(waiting[done], error)
            yield waiting[done], grade


def _not_graded(submission: Submission, error: Exception) -> Grade:
    """Grade for a submission that a worker could not grade; the next run tries again."""
    why = clean(f"{type(error).__name__}: {error}")[:300]
    place = printable(submission.place)
    problems = [f"Not graded: {why}"]
    return Grade(submission.student, place, submission.key, problems=problems, failed=True)
