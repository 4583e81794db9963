"""Says which exercises of a lab pass in your own notebook.

    python -m tools.check 2                 which exercises of lab 2 pass in your notebook
    python -m tools.check my_lab2.ipynb     the same for a file

Only the checks that you see are run; a grader runs more, with other inputs.

It runs what the exercises need and nothing else: the cells tagged `exercise-setup`, each answer and
the check under it. That takes seconds where the whole lab takes minutes, and no network. A process
of its own does it, so an answer that never ends costs no more than its time. Used with every lab;
rests on the standard library.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers import ROOT
from helpers.errors import SetupError, explain

SETUP_TAG = "exercise-setup"
MARKS = {True: "pass", False: "FAIL", None: "read"}
HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*\n?", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Outcome:
    """What came of one exercise."""

    exercise: str
    """Such as lab2-ex3."""
    title: str
    passed: bool | None
    """None for a written answer, which a person reads."""
    message: str = ""


def find_notebook(lab: str, folder: Path | None = None) -> Path:
    """The notebook of a lab: a file, or the number of one.

    Args:
        lab: a path, or a number such as "2" or "02".
        folder: where to look for a number first; by default the current folder, then the course's.

    Raises:
        SetupError: there is none.
    """
    path = Path(lab)
    if path.suffix == ".ipynb" and path.is_file():
        return path
    here = folder or Path.cwd()
    places = [here, here / "notebooks", ROOT / "notebooks"]
    if lab.isdigit():
        for place in places:
            if found := sorted(place.glob(f"{int(lab):02d}_*.ipynb")):
                return found[0]
    raise SetupError(
        explain(
            f"lab {lab!r}",
            expected="a notebook, or the number of a lab whose notebook is in this folder",
            found="no such file",
            do="Go to the folder with your notebook, or give its path.",
        )
    )


def read_cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook, each with its source as one text.

    Raises:
        SetupError: the file is not a notebook.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(
            explain(
                path.name,
                expected="a Jupyter notebook of format 4",
                found=f"{type(error).__name__}",
                do="Save it again from Jupyter or Colab (File, Download, .ipynb).",
            )
        ) from error


def run_exercises(cells: list[dict[str, Any]]) -> Iterator[Outcome]:
    """Runs the exercises in this process, one after the other.

    Yields:
        The outcome of each, as soon as it is known.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    if not any(SETUP_TAG in cell.get("metadata", {}).get("tags", []) for cell in cells):
        raise SetupError(
            explain("the notebook", expected=f"cells tagged {SETUP_TAG}", found="none",
                    do="This lab's exercises need the whole lab: run them in the notebook.")
        )  # fmt: skip
    title, trouble, current = "", "", ""
    for cell in cells:
        metadata = cell.get("metadata", {})
        marks = metadata.get("nbgrader", {})
        if cell.get("cell_type") == "markdown":
            if found := re.findall(r"^#{3,6} +(.+)$", cell["source"], re.MULTILINE):
                title = found[-1]
            if marks.get("solution"):
                yield Outcome(marks.get("grade_id", ""), title, None)
        elif SETUP_TAG in metadata.get("tags", []):
            if trouble := _run(cell["source"], namespace):
                raise SetupError(f"a cell that the exercises need stops with {trouble}")
        elif marks.get("solution"):
            current = marks.get("grade_id", "")
            trouble = _run(cell["source"], namespace)
        elif marks.get("grade"):
            failed = _run(HIDDEN.sub("", cell["source"]), namespace)
            # An answer that stops early has defined nothing: its own error says more.
            message = (trouble or failed) if failed else ""
            yield Outcome(current, title, not failed, message)


def _run(source: str, namespace: dict[str, Any]) -> str:
    """Runs a cell without showing anything; the error in one line, or an empty text."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(_python(source), "<cell>", "exec"), namespace)
    except (Exception, SystemExit) as error:
        name = type(error).__name__
        text = str(error) or "no message"
        return text if name == "AssertionError" else f"{name}: {text}"
    return ""


def _python(source: str) -> str:
    """A cell as Python: magics and lines for the shell are left out; no exercise needs them."""
    return re.sub(r"^([ \t]*)[%!].*", r"\1pass", source, flags=re.MULTILINE)


def check(path: Path, *, seconds: float = 60) -> list[Outcome]:
    """Runs the exercises of a notebook in a process of its own.

    Args:
        path: the notebook.
        seconds: how long all of it may take; where it ends, exercises so far keep their outcome.

    Raises:
        SetupError: the file is not a notebook, has no exercises, or cannot be begun.
    """
    cells = read_cells(path)
    ids = [
        cell["metadata"]["nbgrader"].get("grade_id", "")
        for cell in cells
        if cell.get("metadata", {}).get("nbgrader", {}).get("solution")
    ]
    if not ids:
        raise SetupError(
            explain(path.name, expected="cells of exercises", found="none",
                    do="Take the students' notebook of this lab.")
        )  # fmt: skip
    code = "from tools import check; check._serve()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path.resolve())], cwd=ROOT, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_forward, args=(process, lines), daemon=True).start()
    outcomes: list[Outcome] = []
    end = time.monotonic() + seconds
    why = "the process ended"
    try:
        while len(outcomes) < len(ids):
            line = lines.get(timeout=max(0.01, end - time.monotonic()))
            if not line:
                break
            content = json.loads(line)
            if "setup" in content:
                raise SetupError(content["setup"])
            outcomes.append(Outcome(**content))
    except queue.Empty:
        why = f"the time of {seconds:g} s is over"
    finally:
        process.kill()
        process.wait()
    missing = ids[len(outcomes) :]
    return outcomes + [
        Outcome(name, "", False, f"{why}, while this was run" if not n else "not reached")
        for n, name in enumerate(missing)
    ]


def _forward(process: subprocess.Popen, lines: queue.SimpleQueue) -> None:
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put("")


def _serve() -> None:
    """The other process: one line of JSON for each exercise."""
    import helpers

    helpers.setup(quiet=True)
    stream = sys.stdout
    try:
        for outcome in run_exercises(read_cells(Path(sys.argv[-1]))):
            print(json.dumps(asdict(outcome)), file=stream, flush=True)
    except SetupError as error:
        print(json.dumps({"setup": str(error)}), file=stream, flush=True)


def show(outcomes: list[Outcome]) -> str:
    """The outcomes as a table in text."""
    lines = []
    for outcome in outcomes:
        lines.append(f"  {MARKS[outcome.passed]}  {outcome.exercise:<9} {outcome.title}".rstrip())
        if outcome.message:
            lines += [f"        {line}" for line in outcome.message.splitlines()[:8]]
    code = [outcome for outcome in outcomes if outcome.passed is not None]
    passed = sum(outcome.passed for outcome in code)
    lines.append(f"{passed} of {len(code)} pass; a grader runs more checks, with other inputs.")
    if len(code) < len(outcomes):
        lines.append(f"{len(outcomes) - len(code)} written, which a person reads.")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        0 if every check passes, 1 if not, 2 if nothing could be checked.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.check", description=__doc__.splitlines()[0]
    )
    parser.add_argument("lab", help="number of the lab, or a notebook")
    parser.add_argument("--seconds", type=float, default=60, help="time for all of it (60)")
    options = parser.parse_args(arguments)
    try:
        path = find_notebook(options.lab)
        print(f"{path.name}: running what its exercises need")
        outcomes = check(path, seconds=options.seconds)
    except SetupError as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    print(show(outcomes))
    return int(any(outcome.passed is False for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
