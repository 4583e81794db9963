"""`make grade`: what is graded, what is written, and that a run can be interrupted and trusted."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers import ROOT
from tests.grading import made
from tools.grading import __main__ as command
from tools.grading import engine, feedback, labs, report, sandbox, submissions
from tools.grading.grader import Grader
from tools.grading.grades import Grade, Verdict
from tools.grading.sandbox import Limits

LIMITS = ["--cell-seconds", "20", "--memory-mb", "800"]

RIGHT = {
    "right": made.submission(),
    "right in other words": made.submission(
        "import numpy as np\ndef double(number):\n    return number + number",
        "iou = lambda a, b: np.sum(np.logical_and(a, b)) / np.logical_or(a, b).sum()",
    ),
    "right and talkative": made.submission(
        "print('hello')\n%matplotlib inline\ndouble = lambda x: x * 2"
    ),
}
WRONG = {
    "wrong": (made.submission("def double(x):\n    return x", "def iou(a, b):\n    return 0.5"), 0),
    "half right": (made.submission("def double(x):\n    return 2 * abs(x)"), 4),
    "does not compile": (made.submission("def double(x) return"), 4),
    "unsolved": (made.submission("raise NotImplementedError", "pass"), 0),
}


def run(folder: Path, *more: str) -> int:
    arguments = [str(folder / "in"), "--notebooks", str(folder / "notebooks")]
    return command.main([*arguments, "--out", str(folder / "out"), *LIMITS, *more])


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return {row["student"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def graded(sandboxed: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that was graded two at a time."""
    folder = tmp_path_factory.mktemp("class")
    made.write_lab(folder)
    for name, content in RIGHT.items():
        made.hand_in(folder / "in", name, content)
    for name, (content, _) in WRONG.items():
        made.hand_in(folder / "in", name, content)
    assert run(folder, "--workers", "2") == 0
    return folder


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_have_all_points(graded, name):
    row = rows(graded / "out" / "grades.csv")[name]
    assert (row["points"], row["of"], row["to_read"]) == ("7", "9", "1"), row


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_have_none_for_what_is_wrong(graded, name):
    row = rows(graded / "out" / "grades.csv")[name]
    assert float(row["points"]) == WRONG[name][1], row


def test_one_by_one_gives_the_same_files(graded, tmp_path):
    shutil.copytree(graded / "in", tmp_path / "in")
    shutil.copytree(graded / "notebooks", tmp_path / "notebooks")
    assert run(tmp_path, "--workers", "1") == 0
    for name in ("grades.csv", "written.csv", "summary.html"):
        assert (tmp_path / "out" / name).read_bytes() == (graded / "out" / name).read_bytes()
    pages = sorted(p.name for p in (graded / "out" / "feedback").iterdir())
    assert pages == sorted(p.name for p in (tmp_path / "out" / "feedback").iterdir())
    for page in pages:
        assert (tmp_path / "out" / "feedback" / page).read_bytes() == (
            graded / "out" / "feedback" / page
        ).read_bytes()


def test_a_second_run_goes_on_where_the_first_stopped(graded, monkeypatch):
    result = next((graded / "out" / "results").glob("wrong-*.json"))
    result.unlink()
    asked: list[str] = []
    grade = Grader.grade

    def counted(self: Grader, submission: submissions.Submission) -> Grade:
        asked.append(submission.student)
        return grade(self, submission)

    monkeypatch.setattr(Grader, "grade", counted)
    before = (graded / "out" / "grades.csv").read_bytes()
    assert run(graded) == 0
    assert asked == ["wrong"]
    assert (graded / "out" / "grades.csv").read_bytes() == before


def test_feedback_says_what_was_expected_and_where_it_was_hidden(graded):
    page = next((graded / "out" / "feedback").glob("half_right-*.html")).read_text()
    assert "passes the checks of the notebook" in page
    assert "expected -6" in page
    assert "Content-Security-Policy" in page
    summary = (graded / "out" / "summary.html").read_text()
    assert "7 submissions" in summary and "data:image/png" in summary


def test_without_a_sandbox_nothing_is_graded_unless_one_says_so(tmp_path, monkeypatch, capsys):
    made.write_lab(tmp_path)
    made.hand_in(tmp_path / "in", "anna", made.submission())
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "bwrap" else which(name))
    sandbox.probe.cache_clear()
    try:
        assert run(tmp_path) == 2
        said = capsys.readouterr().err
        assert "bwrap not found" in said and "--unsandboxed" in said
        assert not (tmp_path / "out").exists()
        assert run(tmp_path, "--unsandboxed") == 0
        assert "submissions run as you" in capsys.readouterr().err
        assert rows(tmp_path / "out" / "grades.csv")["anna"]["points"] == "7"
    finally:
        sandbox.probe.cache_clear()


def test_a_lab_whose_own_solution_fails_grades_nobody_and_costs_no_other_lab(sandboxed, tmp_path):
    source = made.lab()
    source.cells[2].source = source.cells[2].source.replace("2 * x", "3 * x")
    job = engine.Job(Limits(), made.write_lab(tmp_path, source))
    made.hand_in(tmp_path / "in", "anna", made.submission())
    found = submissions.find(tmp_path / "in").submissions
    [(_, grade)] = engine.on_this_machine(found, job, 1)
    assert grade.failed
    assert "01_made: cell 4 of the course fails: AssertionError" in grade.problems[0]


def test_names_are_harmless_in_files_tables_and_pages(tmp_path):
    odd = submissions.Submission("=cmd()/../<b>", "<script>.ipynb", "=cmd()/<b>/<script>.ipynb")
    assert "/" not in odd.key and "<" not in odd.key
    other = submissions.Submission("=cmd()/../_b_", "<script>.ipynb", "=cmd()/_b_/<script>.ipynb")
    assert odd.key != other.key
    grade = Grade("=cmd()", "<script>.ipynb", odd.key, verdicts=[Verdict("a", "<i>", "code", 0, 1)])
    grade.verdicts[0].answer = grade.verdicts[0].message = "</pre><script>alert(1)</script>"
    assert "<script>" not in feedback.page(grade)
    report.write_tables(tmp_path, [grade], [])
    assert "'=cmd()" in (tmp_path / "grades.csv").read_text()


def test_functions_reach_the_other_side_and_in_place_changes_do_not(sandboxed, tmp_path):
    """A check may pass a function; what an answer does to its arguments is its own affair."""
    source = made.lab()
    source.cells[
        2
    ].source = (
        "### BEGIN SOLUTION\ndef double(x, apply=abs):\n    return [*x, apply(3)]\n### END SOLUTION"
    )
    source.cells[3].source = (
        "given = [1]\nfound = double(given, apply=lambda y: y + 1)\n"
        "assert found == [1, 4], f'expected [1, 4], found {found}'\n### BEGIN HIDDEN TESTS\n"
        "assert given == [1], 'the check\\'s own list has changed'\n"
        "try:\n    double(None)\nexcept TypeError:\n    pass\n"
        "else:\n    raise AssertionError('expected an error')\n### END HIDDEN TESTS\n"
    )
    job = engine.Job(Limits(), made.write_lab(tmp_path, source))
    answers = {
        "anna": "def double(x, apply=abs):\n    return [*x, apply(3)]",
        "bob": "def double(x, apply=abs):\n    x += [apply(3)]\n    return x",
        "carl": "def double(x, apply=abs):\n    return [*x, 3]",
    }
    for student, answer in answers.items():
        made.hand_in(tmp_path / "in", student, made.submission(answer))
    work = engine.on_this_machine(submissions.find(tmp_path / "in").submissions, job, 1)
    points = {s.student: g.verdicts[0].points for s, g in work}
    assert points == {"anna": 3, "bob": 3, "carl": 0}


@pytest.mark.slow
def test_two_dask_workers_give_the_same_grades(graded, tmp_path):
    distributed = pytest.importorskip("dask.distributed")
    for name in ("in", "notebooks"):
        shutil.copytree(graded / name, tmp_path / name)
    job_notebooks = graded / "notebooks"
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster:
        arguments = [str(tmp_path / "in"), "--notebooks", str(job_notebooks), *LIMITS]
        status = command.main(
            [*arguments, "--out", str(tmp_path / "out"), "--scheduler", cluster.scheduler_address]
        )
    assert status == 0
    assert (tmp_path / "out" / "grades.csv").read_bytes() == (
        graded / "out" / "grades.csv"
    ).read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("number", sorted(labs.read_all()))
def test_every_solution_of_the_course_has_all_points(sandboxed, number, tmp_path):
    """The checks of the labs work between two processes as they do in a notebook."""
    lab = labs.read_all(quick=True)[number]
    path = ROOT / "notebooks" / f"{lab.name}.ipynb"
    handed_in = submissions.Submission("the course", path.name, path.name, path)
    with sandbox.font_cache() as fonts, Grader({number: lab}, Limits(), fonts=fonts) as grader:
        grade = grader.grade(handed_in)
    code = [v for v in grade.verdicts if v.kind == "code"]
    assert code
    assert {v.grade_id: v.message for v in code if v.points != v.most} == {}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", sorted(labs.read_all()))
def test_a_submission_of_every_lab_can_be_graded_as_documented(sandboxed, number, tmp_path):
    """The whole lab in the default mode with the default limits, as `make grade` runs it."""
    [source] = (ROOT / "notebooks").glob(f"{number:02d}_*.ipynb")
    (tmp_path / "in" / "the course").mkdir(parents=True)
    shutil.copyfile(source, tmp_path / "in" / "the course" / source.name)
    assert (
        command.main([str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--workers", "1"]) == 0
    )
    [row] = rows(tmp_path / "out" / "grades.csv").values()
    lab = labs.read(source)
    written = sum(e.points for e in lab.exercises if e.check is None)
    assert float(row["points"]) == lab.points - written, row


def test_make_grade_passes_the_folder_on(root):
    line = ["make", "--dry-run", "grade", "SUBMISSIONS=a folder", "ARGS=--quick"]
    done = subprocess.run(line, cwd=root, capture_output=True, text=True, check=True)
    assert '-m tools.grading --quick "a folder"' in done.stdout
