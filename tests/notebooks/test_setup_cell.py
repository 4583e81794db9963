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


@pytest.fixture
def origin(tmp_path: Path, root: Path) -> Path:
    """A small git repository with the course's helpers, to be cloned."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    repository = tmp_path / "origin" / "the-course"
    shutil.copytree(root / "helpers", repository / "helpers")
    for name in ("requirements.txt", "requirements/garden.txt"):
        shutil.copy(root / name, repository)
    git = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "init.defaultBranch=m",
    ]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "course"]):
        subprocess.run([*git, *command], cwd=repository, check=True)
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
    cell = notebooks.setup_cell(str(origin))
    done = run_cell(cell, elsewhere)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("Fetching the course")
    assert done.stdout.splitlines()[-1] == "the-course False False"
    assert [path.name for path in elsewhere.iterdir()] == ["the-course"]

    origin.rename(origin.with_name("unreachable"))
    again = run_cell(cell, elsewhere)
    assert again.returncode == 0, again.stderr
    assert "Fetching" not in again.stdout


def test_a_failed_clone_says_why_and_leaves_nothing(elsewhere, tmp_path):
    done = run_cell(notebooks.setup_cell(str(tmp_path / "no-such-repository")), elsewhere)
    assert done.returncode != 0
    assert "Set-up failed. Is the network on?" in done.stderr
    assert "no-such-repository" in done.stderr
    assert list(elsewhere.iterdir()) == []


def test_a_failed_installation_says_why_and_leaves_nothing(origin, elsewhere):
    (origin / "requirements.txt").write_text("no-such-package-of-the-course==1.0\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "commit", "-qam", "broken"], cwd=origin, check=True)
    done = run_cell(notebooks.setup_cell(str(origin)), elsewhere, PIP_NO_INDEX="1")
    assert done.returncode != 0
    assert "Set-up failed" in done.stderr
    assert "no-such-package-of-the-course" in done.stderr
    assert list(elsewhere.iterdir()) == []


def test_it_names_the_repository_of_pyproject_and_has_at_most_twenty_lines():
    cell = notebooks.setup_cell()
    assert f'REPOSITORY = "{notebooks.repository_url()}"' in cell
    assert len(cell.splitlines()) <= 20
    assert max(map(len, cell.splitlines())) <= 100
    template = (notebooks.ROOT / "tools" / "setup_cell.py.txt").read_text(encoding="utf-8")
    assert "://" not in template  # pyproject.toml alone names the address
