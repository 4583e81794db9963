"""`make setup`: complete, brought in line or made anew, and a clear word where it cannot be.

uv is replaced by a script that writes down what it was asked and makes no more than an interpreter;
continuous integration sets up with the real one before it can run any of this.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT
from tools import places

pytestmark = pytest.mark.skipif(os.name == "nt", reason="make runs in a POSIX shell")

FAKE_UV = """#!/bin/sh
[ $1 = python ] && echo "${{FOUND:-{python}}}" && exit 0
echo "$@" >> "{log}"
[ -e "{fail}" ] && [ "$1" = pip ] && exit 1
for last; do :; done
case $1 in venv) mkdir -p "$last/bin"; ln -s "{python}" "$last/bin/python" ;; esac
exit 0
"""


class Course:
    """A folder with the script and the lists, and a uv that only writes down what it is asked."""

    def __init__(self, folder: Path):
        self.folder = folder / "a course with spaces"
        (self.folder / "tools").mkdir(parents=True)
        for name in ("tools/setup.sh", "tools/index.sh", "Makefile"):
            shutil.copy(ROOT / name, self.folder / name)
        shutil.copytree(ROOT / "requirements", self.folder / "requirements")
        self.log, self.fail, self.uv = (folder / name for name in ("log", "fail", "uv"))
        text = FAKE_UV.format(log=self.log, fail=self.fail, python=sys.executable)
        self.uv.write_text(text)
        self.uv.chmod(0o755)

    def setup(self, *arguments: str, **variables: str) -> tuple[int, list[str], str]:
        """Runs the script; returns its status, what uv was asked, and what was said."""
        self.log.write_text("")
        index = dict.fromkeys(("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"), "file:///nowhere")
        environment = os.environ | {"UV": str(self.uv), "PYTHON": ""} | index | variables
        done = subprocess.run(
            ["/bin/sh", str(self.folder / "tools" / "setup.sh"), *arguments],
            cwd="/", env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, self.log.read_text().splitlines(), done.stderr


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path)


def test_it_installs_with_hashes_once_and_then_finds_it_done(course):
    status, asked, said = course.setup()
    assert status == 0, said
    venv, sync, aside = asked
    assert venv.startswith("venv") and venv.endswith(" .venv")
    assert sync.startswith("pip sync") and "--require-hashes" in sync
    assert "requirements/dev.lock requirements/garden.txt" in sync and "--compile-bytecode" in sync
    assert "--target .venv/tfod2" in aside and "--no-build-isolation" in aside
    assert {"--require-hashes", "--no-deps"} <= set(aside.split())
    assert (course.folder / ".venv" / "complete").read_text().endswith(" Python any\n")
    assert course.setup() == (0, [], "")


def test_a_changed_lock_brings_the_environment_in_line_without_making_it_anew(course):
    course.setup()
    with (course.folder / "requirements" / "dev.lock").open("a") as lock:
        lock.write("# changed\n")
    status, asked, _ = course.setup()
    assert status == 0 and [line.split()[1] for line in asked] == ["sync", "install"]
    assert course.setup()[1] == []


def test_an_interrupted_or_failed_installation_is_made_anew(course):
    course.fail.touch()
    status, _, said = course.setup()
    assert status == 1 and "Is the package index reachable?" in said
    course.fail.unlink()
    assert course.setup()[1][0].startswith("venv")
    (course.folder / ".venv" / "complete").unlink()
    assert course.setup()[1][0].startswith("venv")


def test_another_python_or_one_that_vanished_makes_it_anew(course):
    course.setup()
    assert course.setup(PYTHON="3.12")[1][0].startswith("venv")
    assert course.setup(PYTHON="3.13")[1][0].startswith("venv")
    assert course.setup(PYTHON="3.12")[1][0].startswith("venv")
    (course.folder / ".venv" / "bin" / "python").unlink()
    assert course.setup(PYTHON="3.12")[1][0].startswith("venv")


def test_whoever_named_a_python_once_keeps_it(course):
    """`make lab` after `PYTHON=python3.13 make setup` works without a network."""
    course.setup(PYTHON="3.13")
    assert course.setup() == (0, [], "")
    with (course.folder / "requirements" / "dev.lock").open("a") as lock:
        lock.write("# changed\n")
    status, asked, _ = course.setup()
    assert status == 0 and [line.split()[1] for line in asked] == ["sync", "install"]
    assert course.setup(PYTHON="3.13") == (0, [], "")


def test_pyenvs_versions_are_on_uvs_path_and_a_missing_python_is_said(course, tmp_path):
    of_pyenv = tmp_path / "pyenv" / "versions" / "3.13.0" / "bin"
    of_pyenv.mkdir(parents=True)
    fake = course.uv.read_text()
    course.uv.write_text(fake.replace("\nexit 0", '\necho "$PATH" >> "$LOG"'))
    log = course.log.with_name("path")
    course.setup(PYENV_ROOT=str(tmp_path / "pyenv"), LOG=str(log))
    assert log.read_text().splitlines()[0].endswith(f":{of_pyenv}")

    course.uv.write_text(fake.replace("[ $1 = python ]", "[ $1 = python ] && exit 2; false"))
    status, asked, said = course.setup(PYTHON="3.12")
    assert (status, asked) == (1, []) and "No 3.12 here" in said and "make setup PYTHON=" in said
    assert course.setup() == (0, [], "")  # the environment stays as it was


def test_pips_index_is_uvs_index(course):
    log = course.log.with_name("environment")
    course.uv.write_text(course.uv.read_text().replace("\nexit 0", f'\nenv > "{log}"'))
    course.setup(PIP_INDEX_URL="https://example.org/simple", PIP_EXTRA_INDEX_URL="file:///a")
    text = log.read_text()
    assert "UV_DEFAULT_INDEX=https://example.org/simple" in text and "UV_INDEX=file:///a" in text


@pytest.mark.parametrize("program", ["lock", "places"])
def test_pips_index_is_that_of_locks_and_places_too(course, monkeypatch, program):
    course.setup()
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    for name in ("UV_DEFAULT_INDEX", "MAKEFLAGS"):
        monkeypatch.delenv(name, raising=False)
    uv = course.folder / ".venv" / "bin" / "uv"
    uv.write_text('#!/bin/sh\necho "$1 $2 $UV_DEFAULT_INDEX"\n')
    uv.chmod(0o755)
    if program == "lock":
        make = ["make", "--no-print-directory", "-o", "setup", "lock"]
        shown = subprocess.run(make, cwd=course.folder, capture_output=True, text=True).stdout
    else:
        monkeypatch.setattr(places.sysconfig, "get_path", lambda _: str(uv.parent))
        shown = places.uv("pip", "compile").stdout
    assert set(shown.splitlines()) == {"pip compile https://example.org/simple"}


def test_another_environment_has_its_own_list(course):
    _, asked, _ = course.setup(".venv-render", "requirements/render.txt")
    assert len(asked) == 2 and asked[1].endswith("-r requirements/render.txt")
    assert (course.folder / ".venv-render" / "complete").is_file()


def test_pip_refuses_a_python_without_tensorflow(course, tmp_path):
    old = tmp_path / "python3.14"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    status, _, said = course.setup(UV="none", PYTHON=str(old))
    assert status == 1 and "Python 3.11, 3.12 or 3.13 is needed" in said and "uv" in said


def test_uv_refuses_it_too_and_the_environment_stays(course, tmp_path):
    course.setup()
    old = tmp_path / "python3.14"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    status, asked, said = course.setup(PYTHON="3.14", FOUND=str(old))
    assert (status, asked) == (1, []) and "TensorFlow has no wheels for 3.14" in said
    assert course.setup() == (0, [], "")  # the environment stays as it was


def test_uv_is_in_the_lock_with_its_hashes(course):
    """From where the script takes it on a machine without uv."""
    lock = (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8")
    entry = lock[lock.index("\nuv==") :].split("\n    #")[0]
    assert entry.count("--hash=sha256:") > 5
