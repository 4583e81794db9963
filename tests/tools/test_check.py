"""`python -m tools.check`: what passes in a student's own notebook, without its hidden checks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import ROOT
from helpers.errors import SetupError
from tests.grading import made
from tools import check as checking
from tools import handed_in
from tools.check import main
from tools.exercises import CODE_STUB
from tools.notebooks import find_labs


@pytest.fixture
def made_labs(tmp_path, monkeypatch) -> None:
    """The course has one lab, which was made for tests."""
    labs = checking.load_labs(made.write_lab(tmp_path))
    monkeypatch.setattr(checking, "load_labs", lambda: labs)


def write(folder: Path, *answers: str) -> Path:
    return made.hand_in(folder, "mine", made.submission(*answers))


def passed(path: Path, **options: float) -> dict[str, bool | None]:
    return {o.exercise: o.passed for o in checking.run(*checking.read(path), **options)}


def test_each_exercise_is_judged_by_its_visible_check(made_labs, tmp_path):
    found = passed(
        write(tmp_path, "def double(x):\n    return 4", "def iou(a, b):\n    return 1.0")
    )
    # 4 satisfies what a student sees; that it is wrong, the hidden check says.
    assert found == {"lab1-ex1": True, "lab1-ex2": False, "lab1-ex3": None}


def test_an_answer_that_stops_says_why_and_costs_only_itself(made_labs, tmp_path):
    path = write(tmp_path, "def double(x) return 2", "%matplotlib inline\n" + made.IOU)
    first, second, _ = checking.run(*checking.read(path))
    assert (first.passed, second.passed) == (False, True)
    assert first.message.startswith("SyntaxError") and first.title == "1. Write"


def test_an_answer_without_end_costs_its_time_and_no_more(made_labs, tmp_path):
    path = write(tmp_path, made.DOUBLE, "while True: pass")
    for seconds in (5, 25, 125):  # where the machine is busy, the first answer may take long
        outcomes = checking.run(*checking.read(path), seconds=seconds)
        found = {o.exercise: (o.passed, o.message) for o in outcomes}
        if found["lab1-ex1"][0]:
            break
    assert found["lab1-ex1"][0] is True
    reason = f"the time limit of {seconds} s was reached, while this was run"
    assert found["lab1-ex2"] == (False, reason)


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": [{"cell_type": "code", "source": []}]}'])
def test_what_is_no_notebook_with_exercises_is_refused(tmp_path, text):
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(SetupError, match="expected"):
        checking.read(path)


def test_a_lab_is_found_by_its_number_or_its_path(tmp_path, monkeypatch):
    (tmp_path / "02_mine.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert checking.find_notebook("2").name == "02_mine.ipynb"
    assert checking.find_notebook("02_mine.ipynb").name == "02_mine.ipynb"
    with pytest.raises(SetupError, match="no such file"):
        checking.find_notebook("77")


def test_the_command_line_shows_a_table_and_how_many_pass(made_labs, tmp_path, capsys):
    assert main([str(write(tmp_path, "def double(x):\n    return 5"))]) == 1
    shown = capsys.readouterr().out
    assert "FAIL  lab1-ex1" in shown and "expected 4, found 5" in shown
    assert "pass  lab1-ex2" in shown and "read  lab1-ex3" in shown
    assert "1 of 2 pass" in shown
    assert main(["77"]) == 2


@pytest.mark.parametrize("number", [1, 2])
def test_the_labs_solutions_pass_in_time_and_without_a_network(number, tmp_path):
    """In a network of its own, where the system can make one."""
    command = [sys.executable, "-m", "tools.check", str(find_labs([str(number)])[0])]
    alone = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:
        command = [*alone, *command]
    command += ["--seconds", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout


def test_it_needs_nothing_but_the_labs_own_packages():
    code = "import sys, tools.check, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"nbformat", "nbgrader", "nbclient", "tensorflow"}


def test_a_solved_notebook_of_the_course_is_never_taken_for_a_students(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["5"]) == 2
    said = capsys.readouterr().err
    assert "with its solutions" in said and "Download" in said


def changed(change: Callable[[list], None], *answers: str) -> dict:
    notebook = made.submission(*answers)
    change(notebook["cells"])
    return notebook


def code(source: str) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}


def split(cells: list) -> None:
    """As JupyterLab splits a cell: both halves have its metadata."""
    at = next(n for n, c in enumerate(cells) if c["id"] == "lab1-ex1")
    half = {**cells[at], "id": "half", "source": "    return 2 * x"}
    cells[at] = {**cells[at], "source": "def double(x):"}
    cells.insert(at + 1, half)


NOTEBOOKS = {
    "split": changed(split),
    "copied": changed(lambda c: c.insert(3, {**c[2], "source": made.DOUBLE}), "def double(x): 1"),
    "helper in a cell": changed(
        lambda c: c.insert(2, code("import math\ndef twice(x): return math.fsum([x, x])")),
        "def double(x):\n    return twice(x)",
    ),
    "answer below its cell": changed(
        lambda c: c.insert(3, code(made.DOUBLE)), "raise NotImplementedError"
    ),
    "answer below its check": changed(
        lambda c: c.insert(4, code(made.DOUBLE)), f"def double(x):\n    {CODE_STUB}"
    ),
    "the same, exercises turned": changed(
        lambda c: c.__setitem__(slice(2, 6), [*c[4:6], code(made.IOU), *c[2:4]]),
        made.DOUBLE, CODE_STUB,
    ),
    "zeros at the end": json.dumps(made.submission()) + "\x00" * 512,
    "check deleted": changed(lambda c: c.pop(3)),
    "answer without metadata": changed(lambda c: c[2].update(metadata={}, id="x")),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_reads_a_notebook_as_the_grader_does(name, tmp_path):
    """The two readers of one format are one."""
    from tools.grading import labs as sources

    folder = made.write_lab(tmp_path)
    labs = checking.load_labs(folder)
    path = made.hand_in(tmp_path, "zoe", NOTEBOOKS[name])
    lab, answers = checking.read(path, labs)
    outlines = {n: source.outline for n, source in sources.read_all(folder).items()}
    assert outlines == {1: lab.outline}
    assert answers == handed_in.read(path.read_bytes(), outlines, path.stem)
    found = {o.exercise: (o.passed, o.message) for o in checking.run(lab, answers)}
    expected = {"lab1-ex1": (True, ""), "lab1-ex2": (True, ""), "lab1-ex3": (None, "")}
    assert found == expected


@pytest.mark.parametrize("kind", ["large", "many parts"])
def test_what_is_too_large_says_what_to_do(kind, tmp_path):
    labs = checking.load_labs(made.write_lab(tmp_path))
    shown = {"image/png": "A" * 26_000_000} if kind == "large" else {"plotly": [[0, 1]] * 600_000}
    notebook = made.submission()
    notebook["cells"][1]["outputs"] = [{"output_type": "display_data", "data": shown}]
    path = made.hand_in(tmp_path, "zoe", notebook)
    with pytest.raises(SetupError, match=r"too large.*Clear the outputs of all cells"):
        checking.read(path, labs)


def test_an_answer_that_is_a_picture_is_named(tmp_path):
    labs = checking.load_labs(made.write_lab(tmp_path))
    path = made.hand_in(tmp_path, "zoe", made.submission(third="![](attachment:photo.jpg)"))
    assert "lab1-ex3 holds a picture" in " ".join(checking.read(path, labs)[1].problems)
