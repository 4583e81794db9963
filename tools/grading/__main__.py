"""Grades a folder of submissions: `make grade SUBMISSIONS=folder`.

    python -m tools.grading FOLDER                    several at once, in sandboxes
    python -m tools.grading FOLDER --quick            only the cells that exercises need
    python -m tools.grading FOLDER --scheduler tcp://HOST:8786       on a Dask cluster
    python -m tools.grading --sandbox                 what the sandbox of this machine is made of

FOLDER holds STUDENT/NOTEBOOK.ipynb or STUDENT.ipynb. Into build/grades/ go grades.csv, written.csv
(the written answers that a person reads: enter points and run it again), feedback/ with a page for
each student, and summary.html. A run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from tqdm import tqdm

from helpers import BUILD, files
from helpers.environment import available_cpus
from tools import notebooks
from tools.grading import engine, feedback, report, sandbox, submissions
from tools.grading.engine import Job
from tools.grading.grader import Grade, SourceError
from tools.grading.sandbox import Limits, SandboxError

UNSANDBOXED = (
    "Whoever runs a submission without a sandbox lets its author do on this machine whatever you\n"
    "may do: read the solutions, change grades, delete files. If you know that all authors are\n"
    "harmless, or this machine is one to throw away, say --unsandboxed."
)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        0 if every submission has a grade, 1 if the run was interrupted, 2 if it could not begin.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.sandbox:
            print(sandbox.probe())
            return 0
        if options.submissions is None:
            raise FileNotFoundError("which submissions? make grade SUBMISSIONS=folder")
        found = submissions.find(options.submissions)
        if options.unsandboxed:
            print("Unsandboxed, as you said: submissions run as you.", file=sys.stderr)
        elif not options.scheduler:  # else each worker looks for itself
            print(f"Sandbox: {sandbox.probe()}.", file=sys.stderr)
    except (FileNotFoundError, SandboxError) as error:
        print(f"grade: {error}", file=sys.stderr)
        if isinstance(error, SandboxError):
            print(UNSANDBOXED, file=sys.stderr)
        return 2
    return _grade(found, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.grading", description=__doc__.splitlines()[0]
    )
    parser.add_argument("submissions", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=BUILD / "grades", metavar="DIR")
    parser.add_argument("--notebooks", type=Path, default=notebooks.NOTEBOOKS, metavar="DIR")
    parser.add_argument("--workers", type=int, default=available_cpus(), help="how many at once")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster")
    parser.add_argument("--quick", action="store_true", help="run only what exercises need")
    parser.add_argument("--again", action="store_true", help="grade anew what has a grade")
    parser.add_argument("--unsandboxed", action="store_true", help="run submissions as yourself")
    parser.add_argument("--sandbox", action="store_true", help="say what the sandbox is made of")
    for limit in fields(Limits):
        name = "--" + limit.name.replace("_", "-")
        kind = type(limit.default)
        parser.add_argument(name, type=kind, default=limit.default, metavar="N")
    return parser


def _grade(found: list[submissions.Submission], options: argparse.Namespace) -> int:
    limits = Limits(**{limit.name: getattr(options, limit.name) for limit in fields(Limits)})
    job = Job(limits, options.notebooks.resolve(), options.quick, not options.unsandboxed)
    marks = {submission: report.fingerprint(submission, job) for submission in found}
    grades: dict[submissions.Submission, Grade] = {}
    if not options.again:
        for submission in found:
            if kept := report.stored(options.out, submission, marks[submission]):
                grades[submission] = kept
    left = [submission for submission in found if submission not in grades]
    status = 0
    bar = tqdm(total=len(found), initial=len(grades), unit="submission", dynamic_ncols=True)
    with bar, contextlib.closing(_work(left, job, options)) as work:
        try:
            for submission, grade in work:
                report.store(options.out, grade, marks[submission])
                grades[submission] = grade
                bar.update()
        except KeyboardInterrupt:
            status = 1
        except SourceError as error:
            bar.close()
            print(f"grade: {error}", file=sys.stderr)
            return 2
    _write(options.out, [grades[s] for s in found if s in grades])
    if status:
        print("Interrupted. The same command goes on where it stopped.", file=sys.stderr)
    return status


def _work(
    left: list[submissions.Submission], job: Job, options: argparse.Namespace
) -> Iterator[tuple[submissions.Submission, Grade]]:
    if not left:
        return (pair for pair in ())
    if options.scheduler:
        return engine.on_dask(left, job, options.scheduler)
    return engine.on_this_machine(left, job, options.workers)


def _write(folder: Path, grades: list[Grade]) -> None:
    """All files of a run, and its last lines on the screen."""
    for problem in report.read_points(folder, grades):
        print(f"grade: {problem}", file=sys.stderr)
    report.write_tables(folder, grades)
    report.write_summary(folder, grades)
    for grade in grades:
        files.write_text(folder / "feedback" / f"{grade.key}.html", feedback.page(grade))
    unread = sum(grade.unread for grade in grades)
    shown = os.path.relpath(folder)
    print(f"{len(grades)} graded: {shown}/grades.csv, summary.html, feedback/")
    if unread:
        print(f"{unread} written answers to read: enter points in {shown}/written.csv, run again")


if __name__ == "__main__":
    sys.exit(main())
