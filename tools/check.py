"""Check which exercises of a lab pass in your own notebook.

    python -m tools.check 2                 which exercises of lab 2 pass in your notebook
    python -m tools.check my_lab2.ipynb     the same for a file

Only the visible checks are run; a grader runs more, with other inputs. A notebook in Colab is not a
local file: download it first (File, Download, .ipynb) and give its path.

Only the cells that the exercises need are run: those tagged `exercise-setup`, each answer with the
cells that you added to it, and the check below it. Your notebook is read by the same code as in
grading (`tools.handed_in`). This takes seconds where the whole lab takes minutes, and needs no
network. The cells run in a separate process, so an answer that never returns only uses up its time.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers import ROOT
from helpers.errors import SetupError
from tools import handed_in
from tools.handed_in import Answers
from tools.outlines import Outline, fingerprint

COURSE = ROOT / "tools" / "labs.json"
"""What a release for students knows of the labs instead of solved notebooks."""
MARKS = {True: "pass", False: "FAIL", None: "read"}
DOWNLOAD = "In Colab: File, Download, .ipynb; then give the path of that file."


@dataclass(frozen=True)
class Outcome:
    """Result of one exercise."""

    exercise: str
    """Such as lab2-ex3."""
    title: str
    passed: bool | None
    """None for a written answer, which a person reads."""
    message: str = ""


@dataclass(frozen=True)
class Lab:
    """A lab to check: its outline, and its cells in order."""

    outline: Outline
    steps: list[dict[str, str]]
    """Of each cell its `kind` ("lab", "answer" or "check"), `source` and `grade_id`."""


def find_notebook(lab: str) -> Path:
    """Find a student's notebook of a lab: a file, or by number in the current folder.

    Args:
        lab: A path, or a lab number such as "2" or "02".

    Raises:
        SetupError: There is none, or only the course's own with its solutions.
    """
    path = Path(lab)
    if path.suffix.lower() == ".ipynb" and path.is_file():
        return path
    here = Path.cwd()
    solved = False
    for place in (here, here / "notebooks") if lab.isdigit() else ():
        for found in sorted(place.glob(f"{int(lab):02d}_*.ipynb")):
            if b"### BEGIN SOLUTION" not in found.read_bytes():
                return found
            solved = True
    raise SetupError(
        f"lab {lab!r}",
        expected="your notebook, or the number of a lab whose notebook is in this folder",
        found="the course's own, with its solutions" if solved else "no such file",
        do=f"Go to the folder with your notebook, or give its path. {DOWNLOAD}",
    )


def load_labs(folder: Path | None = None) -> dict[int, Lab]:
    """Load the labs of the course, without solutions, by number.

    Args:
        folder: Folder of the source notebooks; by default the data of the release, or the course's
            own.
    """
    if folder is None and COURSE.is_file():
        content = json.loads(COURSE.read_text(encoding="utf-8"))
    else:
        from tools import notebooks
        from tools.grading import labs  # not part of what students get

        content = labs.for_check(labs.read_all(folder or notebooks.NOTEBOOKS))
    made = [Lab(Outline.from_json(lab["outline"]), lab["steps"]) for lab in content]
    return {lab.outline.number: lab for lab in made}


def read(path: Path, labs: dict[int, Lab] | None = None) -> tuple[Lab, Answers]:
    """Read a notebook.

    Args:
        path: The notebook.
        labs: The labs that it may be of; by default the course's.

    Raises:
        SetupError: It is not a notebook, or has no exercises.
    """
    labs = load_labs() if labs is None else labs
    outlines = {number: lab.outline for number, lab in labs.items()}
    answers = handed_in.read(path.read_bytes(), outlines, path.stem)
    lab = labs.get(answers.lab)
    if lab is None:
        found = " ".join(answers.problems)
        expected = "a notebook with exercises of the course"
        do = f"Use the student notebook of this lab. {DOWNLOAD}"
        raise SetupError(path.name, expected=expected, found=found, do=do)
    if not any(step["kind"] == "lab" for step in lab.steps):
        do = "This lab's exercises need the whole lab: run them in the notebook."
        raise SetupError(
            "the notebook", expected="cells tagged exercise-setup", found="none", do=do
        )
    return lab, answers


def run(lab: Lab, answers: Answers, *, seconds: float = 60) -> list[Outcome]:
    """Run the exercises from `read` in a separate process; return their outcomes in order.

    Args:
        lab: Lab of the notebook.
        answers: Answers in the notebook.
        seconds: Time limit in seconds for all exercises; results obtained by then are kept.

    Raises:
        SetupError: A cell that all exercises need fails.
    """
    plan: list[dict[str, Any]] = []
    for step in lab.steps:
        pieces = answers.pieces.get(step["grade_id"], [])
        if step["kind"] == "answer":
            for piece in pieces:
                added = piece.cell if piece.added else 0
                plan.append({**step, "source": piece.source, "added": added})
        elif step["kind"] == "lab" or pieces:
            plan.append(step)
    found, why, last = _run(plan, seconds)
    outcomes = []
    for task in lab.outline.tasks:
        outcome = Outcome(task.grade_id, task.title, False, "There is no answer to this exercise.")
        if task.grade_id in found:
            message = found[task.grade_id]
            outcome = replace(outcome, passed=not message, message=message)
        elif task.written:
            outcome = replace(outcome, passed=None, message="")
        elif task.grade_id in answers.pieces:
            message = f"{why}, while this was run" if task.grade_id == last else "not reached"
            outcome = replace(outcome, message=message)
        outcomes.append(outcome)
    return outcomes


def _run(plan: list[dict[str, Any]], seconds: float) -> tuple[dict[str, str], str, str]:
    """Run cells in another process.

    Returns:
        Message of the check of each exercise, "" if passed; the reason for the end; the exercise
        running at that time.
    """
    code = "from tools import check; check._serve()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, encoding="utf-8", stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_forward, args=(process, plan, lines), daemon=True).start()
    found: dict[str, str] = {}
    why, last, end = "the process ended", "", time.monotonic() + seconds
    try:
        while line := lines.get(timeout=max(0.01, end - time.monotonic())):
            content = json.loads(line)
            if "setup" in content:
                raise SetupError(content["setup"])
            last = content.get("begins", last)
            if "exercise" in content:
                found[content["exercise"]] = content["message"]
    except queue.Empty:
        why = f"the time limit of {seconds:g} s was reached"
    finally:
        process.kill()
        process.wait()
    return found, why, last


def _forward(process: subprocess.Popen, plan: list, lines: queue.SimpleQueue) -> None:
    try:
        with process.stdin:
            process.stdin.write(json.dumps(plan))
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
    except (OSError, ValueError):  # the process is gone
        pass
    lines.put("")


def _serve() -> None:
    """Code of the other process: prints one JSON line per cell of an exercise."""
    import os

    import helpers
    from tools.cells import Cells

    plan = json.load(sys.stdin)
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")

    def send(**content: str) -> None:
        print(json.dumps(content), file=stream, flush=True)

    helpers.setup(quiet=True)
    cells = Cells()
    trouble: dict[str, str] = {}
    for step in plan:
        grade_id = step["grade_id"]
        if step["kind"] != "lab":
            send(begins=grade_id)
        message = _reason(cells.run(step["source"]))
        if step["kind"] == "lab" and message:
            send(setup=f"a cell that the exercises need stops with {message}")
        elif step["kind"] == "answer" and message:
            if step["added"]:
                message = f"cell {step['added']}, which you added, stops with {message}"
            trouble.setdefault(grade_id, message)
        elif step["kind"] == "check":
            # An answer that stops early has defined nothing: its own error is more informative.
            send(exercise=grade_id, message=message and trouble.get(grade_id, message))


def _reason(reply: dict[str, Any]) -> str:
    """Reason why a cell stopped, in one line; "" if it did not."""
    if reply["ok"]:
        return ""
    name, text = reply["error"]["ename"], reply["error"]["evalue"] or "no message"
    return text if name == "AssertionError" else f"{name}: {text}"


def show(outcomes: list[Outcome]) -> str:
    """Format the outcomes as a text table."""
    lines = []
    for outcome in outcomes:
        lines.append(f"  {MARKS[outcome.passed]}  {outcome.exercise:<9} {outcome.title}".rstrip())
        if outcome.message:
            lines += [f"        {line}" for line in outcome.message.splitlines()[:8]]
    code = [outcome for outcome in outcomes if outcome.passed is not None]
    passed = sum(outcome.passed for outcome in code)
    lines.append(f"{passed} of {len(code)} pass; a grader runs more checks, with other inputs.")
    if len(code) < len(outcomes):
        lines.append(f"{len(outcomes) - len(code)} written, marked by hand.")
    return "\n".join(lines)


def begun(lab: Lab, answers: Answers) -> bool:
    """Whether any answer differs from the initial state."""
    pieces = [piece for each in answers.pieces.values() for piece in each]
    return any(fingerprint(piece.source) not in lab.outline.cells for piece in pieces)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if every check passes, 1 if not, 2 if nothing could be checked.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.check", description=__doc__.splitlines()[0]
    )
    parser.add_argument("lab", help="number of the lab, or a notebook")
    parser.add_argument(
        "--seconds", type=float, default=60, help="time limit for all exercises (60)"
    )
    options = parser.parse_args(arguments)
    try:
        path = find_notebook(options.lab)
        lab, answers = read(path)
        print(f"{path.name}: running the cells that its exercises need")
        for problem in answers.problems:
            print(f"  note: {problem}")
        outcomes = run(lab, answers, seconds=options.seconds)
    except SetupError as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    print(show(outcomes))
    if not begun(lab, answers):
        print(f"No answer has been started: is this the notebook you are working in? {DOWNLOAD}")
    return int(any(outcome.passed is False for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
