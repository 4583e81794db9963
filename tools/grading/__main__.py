"""Grade a folder of submissions: `make grade SUBMISSIONS=folder`.

    python -m tools.grading FOLDER                    in parallel, in sandboxes
    python -m tools.grading FOLDER --quick            only the cells that exercises need
    python -m tools.grading FOLDER --scheduler tcp://HOST:8786       on a Dask cluster
    python -m tools.grading --sandbox                 components of the sandbox of this machine

FOLDER, or a zip file of it, holds STUDENT/.../NOTEBOOK.ipynb, STUDENT.ipynb or archives of these.
The results in build/grades/ are grades.csv (also in the import formats of Moodle and Canvas),
written.csv (written answers for manual marking: enter points and run the command again), feedback/
with one page per submission, and summary.html. An interrupted run resumes where it stopped.
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
from helpers.errors import CourseError, DataError
from tools import notebooks
from tools.grading import engine, feedback, labs, marks, report, sandbox, submissions
from tools.grading.engine import Job
from tools.grading.grades import Grade
from tools.grading.sandbox import Limits, SandboxError
from tools.grading.submissions import LeftOut, Submission

UNSANDBOXED = (
    "Without a sandbox, the author of a submission can do anything on this machine that you can:\n"
    "read the solutions, change grades, delete files. If you trust all authors, or the machine is\n"
    "disposable, pass --unsandboxed."
)
SHOWN = 10
"""Lines of a kind that are shown on the screen; all of them are in the tables."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if every submission has a grade, 1 if the run was interrupted, 2 if it could not start or
        a lab of the course does not run.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.sandbox:
            print(sandbox.probe())
            return 0
        if options.submissions is None:
            raise FileNotFoundError("which submissions? make grade SUBMISSIONS=folder")
        found = submissions.find(options.submissions)
        outlines = {n: lab.outline for n, lab in labs.read_all(options.notebooks).items()}
        chosen = submissions.newest(found, outlines)
        # An invalid table stops the run before an hour of work, not after it.
        _marks(options.out, report.blanks(chosen, outlines))
        if options.unsandboxed:
            print("Unsandboxed as requested: submissions run as you.", file=sys.stderr)
        elif not options.scheduler:  # otherwise each worker checks its own
            print(f"Sandbox: {sandbox.probe()}.", file=sys.stderr)
    except (FileNotFoundError, SandboxError, CourseError) as error:
        _log(f"grade: {error}")
        if isinstance(error, SandboxError):
            print(UNSANDBOXED, file=sys.stderr)
        return 2
    try:
        return _grade(chosen, found.left_out, options)
    except CourseError as error:  # no scheduler answers
        _log(f"grade: {error}")
        return 2


def _log(text: str) -> None:
    """Print a line in the character set of the terminal."""
    encoding = sys.stderr.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)


def _marks(folder: Path, grades: list[Grade]) -> dict[str, marks.Mark]:
    """Read the marks entered in written.csv; each row must belong to a known submission.

    Raises:
        DataError: The file contains an invalid entry.
    """
    entered = marks.read(folder)
    if entered:
        marks.match(folder, entered, {**marks.known_rows(folder), **marks.rows_of(grades)})
    return entered


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.grading", description=__doc__.splitlines()[0]
    )
    parser.add_argument("submissions", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=BUILD / "grades", metavar="DIR")
    parser.add_argument("--notebooks", type=Path, default=notebooks.NOTEBOOKS, metavar="DIR")
    parser.add_argument(
        "--workers",
        type=int,
        help="number of submissions graded in parallel; default: what memory allows",
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="address of a Dask cluster")
    parser.add_argument(
        "--quick", action="store_true", help="run only the cells that exercises need"
    )
    parser.add_argument("--again", action="store_true", help="grade again even if there is a grade")
    parser.add_argument(
        "--unsandboxed", action="store_true", help="run submissions without a sandbox, as yourself"
    )
    parser.add_argument(
        "--sandbox", action="store_true", help="report the components of the sandbox"
    )
    for limit in fields(Limits):
        name = "--" + limit.name.replace("_", "-")
        kind = type(limit.default)
        parser.add_argument(name, type=kind, default=limit.default, metavar="N")
    return parser


def _grade(found: list[Submission], left_out: list[LeftOut], options: argparse.Namespace) -> int:
    limits = Limits(**{limit.name: getattr(options, limit.name) for limit in fields(Limits)})
    job = Job(limits, options.notebooks.resolve(), options.quick, not options.unsandboxed)
    job_print = report.job_print(job)
    prints = {submission: report.fingerprint(submission, job_print) for submission in found}
    grades: dict[Submission, Grade] = {}
    if not options.again:
        for submission in found:
            if kept := report.stored(options.out, submission, prints[submission]):
                grades[submission] = kept
    left = [submission for submission in found if submission not in grades]
    interrupted = False
    bar = tqdm(total=len(found), initial=len(grades), unit="submission", dynamic_ncols=True)
    try:
        with bar, contextlib.closing(_work(left, job, options)) as work:
            try:
                for submission, grade in work:
                    if not grade.failed:
                        report.store(options.out, grade, prints[submission])
                    grades[submission] = grade
                    bar.update()
            except KeyboardInterrupt:
                interrupted = True
                _log("Waiting for the submissions that are running; Ctrl-C again ends them.")
    except KeyboardInterrupt:
        interrupted = True
    done = [grades[s] for s in found if s in grades]
    failed = [grade for grade in done if grade.failed]
    problems = _write(options.out, done, left_out)
    for reason in dict.fromkeys(" ".join(grade.problems) for grade in failed):
        _log(f"grade: {reason}")
    if interrupted:
        _log("Interrupted. The same command goes on where it stopped.")
    return 1 if interrupted else 2 if failed or problems else 0


def _work(
    left: list[Submission], job: Job, options: argparse.Namespace
) -> Iterator[tuple[Submission, Grade]]:
    if not left:
        return (pair for pair in ())
    if options.scheduler:
        return engine.on_dask(left, job, options.scheduler)
    workers = options.workers or engine.default_workers(options.quick)
    return engine.on_this_machine(left, job, workers)


def _write(folder: Path, grades: list[Grade], left_out: list[LeftOut]) -> bool:
    """Write all files of a run and print its last lines; a failed file does not affect the others.

    Returns:
        Whether a file could not be written.
    """
    failed = []

    def write(name: str, step: object, *arguments: object) -> None:
        try:
            step(*arguments)
        except Exception as error:
            failed.append(name)
            _log(f"grade: {name} could not be written: {type(error).__name__}: {error}")

    write(marks.NAME, _write_marks, folder, grades)
    write("grades.csv", report.write_tables, folder, grades, left_out)
    write("summary.html", report.write_summary, folder, grades, left_out)
    for grade in grades:
        path = folder / "feedback" / f"{grade.key}.html"
        write(path.name, lambda p, g: files.write_text(p, feedback.page(g)), path, grade)
    unread = sum(grade.unread for grade in grades)
    shown = os.path.relpath(folder)
    graded = sum(bool(grade.verdicts) for grade in grades)
    print(f"{graded} graded: {shown}/grades.csv, summary.html, feedback/")
    for grade in [grade for grade in grades if not grade.verdicts and not grade.failed][:SHOWN]:
        _log(f"nothing to grade in {grade.file}: {' '.join(grade.problems)}")
    for each in left_out[:SHOWN]:
        _log(f"not graded: {each.place or each.student}: {each.why}")
    if more := max(0, len(left_out) - SHOWN):
        _log(f"and {more} more that were not graded; all are in {shown}/grades.csv")
    if unread:
        print(f"{unread} written answers to read: enter points in {shown}/written.csv, run again")
    return bool(failed)


def _write_marks(folder: Path, grades: list[Grade]) -> None:
    """Apply marks to the grades and rewrite written.csv.

    The file is read again, since marks may have been entered in the meantime.
    """
    try:
        entered = _marks(folder, grades)
    except DataError as error:
        marks.write(folder, grades, {}, name="written.new.csv")
        raise DataError(f"{error}\nThis run's answers are in written.new.csv.") from error
    marks.apply(entered, grades)
    if former := marks.write(folder, grades, entered):
        _log(f"The former written.csv is kept as {former.name}.")


if __name__ == "__main__":
    sys.exit(main())
