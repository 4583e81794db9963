"""The set-up cell, run as a student's first cell would be: beside the course, and far from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import notebooks

ASK = "\nprint(course.name, 'tensorflow' in sys.modules, 'matplotlib' in sys.modules)"


def run_cell(cell: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the cell in `folder`, without the test's own settings."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "OMP_", "PYTHONPATH"))}
    return subprocess.run(
        [sys.executable, "-c", cell + ASK],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]


@pytest.fixture
def origin(tmp_path: Path, root: Path) -> Path:
    """A small git repository with the course's helpers and two files of data, to be cloned."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    repository = tmp_path / "origin" / "the-course"
    for name in ("helpers", "requirements"):
        shutil.copytree(root / name, repository / name)
    shutil.copy(root / "requirements.txt", repository)
    for name in ("data/weights/a.json", "data/weights/a.h5", "data/clips/test-1.mp4", "docs/a.md"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("{}" if name.endswith(".json") else name)
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "course"]):
        subprocess.run([*GIT, *command], cwd=repository, check=True)
    subprocess.run([*GIT, "config", "uploadpack.allowFilter", "true"], cwd=repository, check=True)
    return repository


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """An empty folder that is not inside the course, with a space in its name."""
    folder = tmp_path / "my notebooks"
    folder.mkdir()
    return folder


def test_beside_the_course_it_prints_one_line_and_imports_nothing_heavy(root):
    done = run_cell(notebooks.setup_cell(), root / "tests")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    line, answer = done.stdout.splitlines()
    assert answer == f"{root.name} False False"
    for word in ("Python 3.1", "TensorFlow 2.", "Keras 3.", "CPU threads", "data in ../data"):
        assert word in line
    assert str(root) not in line


def test_elsewhere_it_clones_installs_and_the_next_time_finds_the_clone(origin, elsewhere):
    cell = notebooks.setup_cell(origin.as_uri())
    done = run_cell(cell, elsewhere)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("Fetching the course")
    assert done.stdout.splitlines()[-1] == "the-course False False"
    assert [path.name for path in elsewhere.iterdir()] == ["the-course"]

    origin.rename(origin.with_name("unreachable"))
    again = run_cell(cell, elsewhere)
    assert again.returncode == 0, again.stderr
    assert "Fetching" not in again.stdout


def test_it_leaves_data_out_and_fetch_brings_what_is_opened(origin, elsewhere):
    ask = """
from helpers import DATA, fetch
print(sorted(p.name for p in course.iterdir() if p.name != ".git"))
print(sorted(p.relative_to(DATA).as_posix() for p in DATA.rglob("*") if p.is_file()))
print(fetch(DATA / "clips", "test-*").name, fetch(DATA / "weights" / "a.h5").read_text())
fetch(DATA / "weights" / "a.h5"), fetch(DATA)
print(sorted(p.relative_to(DATA).as_posix() for p in DATA.rglob("*") if p.is_file()))
fetch(DATA / "no-such-file"), fetch(pathlib.Path("/elsewhere"))
"""
    done = run_cell(notebooks.setup_cell(origin.as_uri()) + ask, elsewhere)
    assert done.returncode == 0, done.stderr
    everything = "['clips/test-1.mp4', 'weights/a.h5', 'weights/a.json']"
    assert done.stdout.splitlines()[2:-1] == [
        "['data', 'helpers', 'requirements', 'requirements.txt']",
        "['weights/a.json']",
        "Fetching data/clips/test-*.",
        "Fetching data/weights/a.h5.",
        "clips data/weights/a.h5",
        everything,
    ]


def test_what_was_fetched_lies_there_once_and_git_can_bring_it_again(origin, elsewhere):
    ask = """
from helpers import DATA, fetch
def packs(): return sorted(p.name for p in (course / ".git/objects/pack").iterdir())
before = packs()
print(fetch(DATA / "weights" / "a.h5").read_text(), packs() == before)
(DATA / "weights" / "a.h5").unlink()
for command in (["checkout", "--", "data/weights/a.h5"], ["status", "--porcelain"]):
    print(subprocess.check_output(["git", "-C", str(course), *command], text=True), end="")
print((DATA / "weights" / "a.h5").read_text(), packs() == before)
"""
    done = run_cell(notebooks.setup_cell(origin.as_uri()) + ask, elsewhere)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if not line.startswith("Fetching")]
    assert said[1:-1] == ["data/weights/a.h5 True", "data/weights/a.h5 False"]


def test_without_partial_clones_it_takes_all_of_the_course(origin, elsewhere, tmp_path):
    """A git that knows neither `--filter` nor `--sparse`: before 2.25."""
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    refuse = (
        'for word; do case $word in --filter*|--sparse) echo "unknown" >&2; exit 129; esac; done'
    )
    old.write_text(f'#!/bin/sh\n{refuse}\nexec {shutil.which("git")} "$@"\n')
    old.chmod(0o755)
    path = f"{old.parent}{os.pathsep}{os.environ['PATH']}"
    done = run_cell(notebooks.setup_cell(origin.as_uri()), elsewhere, PATH=path)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "the-course" / "data" / "weights" / "a.h5").is_file()
    assert [path.name for path in elsewhere.iterdir()] == ["the-course"]


def test_a_branch_of_its_own_is_what_students_get(origin, elsewhere):
    subprocess.run([*GIT, "checkout", "-qb", "students"], cwd=origin, check=True)
    (origin / "helpers" / "for_students.py").write_text("")
    for command in (["add", "."], ["commit", "-qm", "students"], ["checkout", "-q", "main"]):
        subprocess.run([*GIT, *command], cwd=origin, check=True)
    done = run_cell(notebooks.setup_cell(origin.as_uri(), "students"), elsewhere)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "the-course" / "helpers" / "for_students.py").is_file()


def test_a_failed_clone_says_why_and_leaves_nothing(elsewhere, tmp_path):
    done = run_cell(notebooks.setup_cell(str(tmp_path / "no-such-repository")), elsewhere)
    assert done.returncode != 0
    assert "Set-up failed. Is the network on?" in done.stderr
    assert "no-such-repository" in done.stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("made", [Path.touch, Path.mkdir])
def test_another_thing_of_the_courses_name_is_said_and_left_alone(origin, elsewhere, made):
    """A file, or what somebody's own `git clone` left when it was interrupted."""
    made(elsewhere / "the-course")
    done = run_cell(notebooks.setup_cell(origin.as_uri()), elsewhere)
    said = "AssertionError: the-course is here and not the course: rename it."
    assert done.stderr.splitlines()[-1] == said and done.stdout == ""
    assert [path.name for path in elsewhere.iterdir()] == ["the-course"]


def test_without_git_it_says_so(origin, elsewhere):
    done = run_cell(notebooks.setup_cell(origin.as_uri()), elsewhere, PATH=str(elsewhere))
    assert "fetched with git: install it" in done.stderr.splitlines()[-1] and done.stdout == ""


def test_a_failed_installation_says_why_and_is_tried_again(origin, elsewhere):
    (origin / "requirements.txt").write_text("no-such-package-of-the-course==1.0\n")
    subprocess.run([*GIT, "commit", "-qam", "broken"], cwd=origin, check=True)
    for _ in range(2):  # the second time, the course is there and its packages are not
        done = run_cell(notebooks.setup_cell(origin.as_uri()), elsewhere, PIP_NO_INDEX="1")
        assert done.returncode != 0
        assert "If the network is off" in done.stderr
        assert "no-such-package-of-the-course" in done.stderr


def test_it_names_the_repository_of_pyproject_and_has_at_most_25_lines():
    cell = notebooks.setup_cell()
    assert f'REPOSITORY, BRANCH = "{notebooks.repository_url()}", "main"' in cell
    assert len(cell.splitlines()) <= 25
    assert max(map(len, cell.splitlines())) <= 100
    template = (notebooks.ROOT / "tools" / "setup_cell.py.txt").read_text(encoding="utf-8")
    assert "://" not in template  # pyproject.toml alone names the address
