# ruff: noqa: E501 - programs in strings
"""One submission never stops the class: a run over nasty ones writes everything for everybody."""

from __future__ import annotations

import csv
import os
import resource
from pathlib import Path
from types import SimpleNamespace

from tests.grading import hostile, made
from tools.grading import __main__ as command
from tools.grading.grader import Grader

NASTY = [
    "shows a surrogate", "raises a surrogate", "nests what it shows", "floods the channel",
    "sends ten million lists", "has an id that is no text", "is nested deeply",
]  # fmt: skip
LIMITS = ["--cell-seconds", "10", "--memory-mb", "900", "--disk-mb", "30", "--workers", "2"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def run(folder: Path, *more: str) -> int:
    places = ["--notebooks", str(folder / "notebooks"), "--out", str(folder / "out")]
    return command.main([str(folder / "in"), *places, *LIMITS, *more])


def test_nasty_submissions_get_a_row_each_and_cost_nobody_anything(sandboxed, tmp_path):
    made.write_lab(tmp_path)
    for name in NASTY:
        made.hand_in(tmp_path / "in", name, hostile.ATTACKS[name].content({}))
    bad = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in/M\xfcller"))
    bad.mkdir(parents=True)
    made.hand_in(tmp_path / "in", "z honest", made.submission())
    (bad / "lab1.ipynb").write_bytes((tmp_path / "in/z honest/01_made.ipynb").read_bytes())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert run(tmp_path) == 0
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    assert grown < 700, f"the grader itself grew by {grown:.0f} MB"
    found = {row["student"]: row for row in rows(tmp_path / "out" / "grades.csv")}
    assert set(found) == {*NASTY, "M\\xfcller", "z honest"}
    assert found["z honest"]["points"] == found["M\\xfcller"]["points"] == "7"
    assert len(list((tmp_path / "out" / "feedback").iterdir())) == len(found)
    assert (tmp_path / "out" / "summary.html").stat().st_size > 1000


def test_what_fails_in_the_grader_itself_becomes_a_row(sandboxed, tmp_path, monkeypatch, capsys):
    made.write_lab(tmp_path)
    for name in ("a", "b"):
        made.hand_in(tmp_path / "in", name, made.submission())
    real = Grader._grade

    def fails(self: Grader, submission: object, grade: object) -> None:
        if submission.student == "a":
            raise RecursionError("an accident \ud800")
        real(self, submission, grade)

    monkeypatch.setattr(Grader, "_grade", fails)
    assert run(tmp_path) == 2
    found = {row["student"]: row for row in rows(tmp_path / "out" / "grades.csv")}
    assert "RecursionError: an accident" in found["a"]["problems"]
    assert found["b"]["points"] == "7"
    assert "RecursionError" in capsys.readouterr().err


def test_a_lab_that_does_not_run_costs_no_other_lab(sandboxed, tmp_path):
    folder = made.write_lab(tmp_path)
    broken = made.lab()
    for cell in broken.cells:
        cell.source = cell.source.replace("2 * x", "3 * x")
        if mark := cell.metadata.get("nbgrader"):
            mark["grade_id"] = mark["grade_id"].replace("lab1", "lab2")
    import nbformat

    nbformat.write(broken, folder / "02_broken.ipynb")
    made.hand_in(tmp_path / "in", "a", made.submission())
    content = nbformat.writes(broken).encode()
    (tmp_path / "in" / "a" / "02_broken.ipynb").write_bytes(content)
    assert run(tmp_path) == 2
    found = {row["lab"] or row["file"]: row for row in rows(tmp_path / "out" / "grades.csv")}
    assert found["01_made"]["points"] == "7"
    assert "cell 4 of the course fails" in found["a/02_broken.ipynb"]["problems"]


def code(source: str) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}


def with_cells(*answers: str, **at: str) -> dict:
    """A submission with cells added: `before` or `after` the answer to exercise 1."""
    notebook = made.submission(*answers)
    for place, source in at.items():
        number = next(n for n, c in enumerate(notebook["cells"]) if c.get("id") == "lab1-ex1")
        notebook["cells"].insert(number + (place == "after"), code(source))
    return notebook


def import_in_the_set_up(notebook: dict) -> dict:
    cell = notebook["cells"][1]
    source = "".join(cell["source"])
    cell["source"] = f"from collections import Counter\n{source}\ngrid = None"
    return notebook


HONEST = {
    "helper": with_cells("def double(x):\n    return twice(x)", before="def twice(x):\n    return x + x"),
    "import": with_cells("def double(x):\n    return math.prod([2, x]) if isinstance(x, int) else 2 * x",
                         before="import math"),
    "value": with_cells("def double(x):\n    return x * TWO", before="TWO = 1 + 1"),
    "set-up": import_in_the_set_up(made.submission(
        "def double(x):\n    return 2 * x if Counter else 0")),
    "below": with_cells("raise NotImplementedError", after=made.DOUBLE),
    "scratch": with_cells(made.DOUBLE, before="1 / 0", after="double(2)"),
}  # fmt: skip


def test_honest_notebooks_keep_their_points(sandboxed, tmp_path):
    made.write_lab(tmp_path)
    for name, content in HONEST.items():
        made.hand_in(tmp_path / "in", name, content)
    assert run(tmp_path) == 0
    points = {row["student"]: row["points"] for row in rows(tmp_path / "out" / "grades.csv")}
    assert points == dict.fromkeys(HONEST, "7")


CHECKS = {  # the body of a student's check: its points, and what the feedback says
    "good": ("assert f(3) == 6 and f(-1) == -2 and f(0.5) == 1", 3, ""),
    "half": ("assert f(3) == 6", 1.5, "One that it accepts: Negative numbers are made positive."),
    "refuses all": ("assert f(3) == 7, 'seven'", 0, "seven"),
    "gives text": ("assert f('a') == 'aa'", 0, "a right answer: Product. It says: TypeError"),
    "counts": ("calls.append(f)\n    assert len(calls) < 2, 'too many'", 0, "too many"),
    "first is right": (
        "calls.append(f)\n    assert f(-3) == calls[0](-3) and f(3) == calls[0](3)",
        0, "refuses a right answer|check_double(lambda",
    ),
    "empty": ("pass", 0, "One that it accepts"),
    "calls for ever": ("for _ in range(10**9): f(3)", 0, "longer|did not stop|KeyboardInterrupt|was killed"),
    "asks too much": ("f(np.zeros(10**9, np.int8)[:3]); f([0] * 10**6)", 0, "too large"),
    "endless": ("while True: pass", 0, "longer|did not stop"),  # the second on a busy machine
}  # fmt: skip


def test_checks_that_students_wrote_are_judged(sandboxed, tmp_path, monkeypatch):
    from tools.grading import labs

    (tmp_path / "lab1-ex2.py").write_text(
        "# %% right product: Product.\ndef double(x):\n    return 2.0 * x\n"
        "# %% wrong positive: Negative numbers are made positive.\ndef double(x):\n    return abs(2 * x)\n"
        "# %% wrong square: The square instead of the double.\ndef double(x):\n    return x * x\n"
    )
    monkeypatch.setattr(labs, "MUTANTS", tmp_path)
    source = made.lab()
    answer, check = source.cells[2], source.cells[3]
    answer.source = (
        "### BEGIN SOLUTION\ndef check_double(f):\n    assert f(3) == 6\n### END SOLUTION"
    )
    check.source = "check_double(lambda x: 2 * x)"
    check.metadata["mutants"] = "lab1-ex2"
    source.cells[4].source = f"### BEGIN SOLUTION\n{made.DOUBLE}\n### END SOLUTION"
    source.cells[5].source = "assert double(2) == 4"
    made.write_lab(tmp_path, source)
    for name, (body, _, _) in CHECKS.items():
        own = f"calls = []\ndef check_double(f):\n    {body}"
        made.hand_in(tmp_path / "in", name, made.submission(own, made.DOUBLE))
    assert run(tmp_path, "--cell-seconds", "2") == 0
    found = {row["student"]: float(row["ex1"]) for row in rows(tmp_path / "out" / "grades.csv")}
    assert found == {name: points for name, (_, points, _) in CHECKS.items()}
    others = {row["ex2"] for row in rows(tmp_path / "out" / "grades.csv")}
    assert others == {"4"}, "a check that misbehaves costs its author another exercise"
    for name, (_, _, said) in CHECKS.items():
        [page] = (tmp_path / "out" / "feedback").glob(f"{name.replace(' ', '_')}-*")
        text = page.read_text()
        assert any(words in text for words in said.split("|")), text


def test_an_interrupted_answer_is_not_called_undefined(monkeypatch):
    """An interruption may take with it what the answer had defined, which is not the reason."""
    from tools.grading.attempt import Attempt

    attempt = Attempt.__new__(Attempt)
    attempt.messages, attempt.open, attempt.verdicts = {}, {"ex1"}, {"ex1": SimpleNamespace()}

    def asked(session, message):
        attempt.slow = "the answer took longer than 4 s"
        return {"ok": False, "kind": "NameError", "message": "name 'double' is not defined"}

    monkeypatch.setattr(attempt, "_asked", asked)
    cell = SimpleNamespace(source="")
    attempt._verdict(
        None, SimpleNamespace(grade_id="ex1", check=cell, answer=cell, judged_on=None, points=2)
    )
    assert attempt.messages["ex1"] == "the answer took longer than 4 s"
