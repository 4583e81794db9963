"""`import helpers` is light, and `helpers.setup()` prepares a process and says what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import helpers
from helpers import environment, errors


def in_fresh_python(code: str, **variables: str) -> str:
    """Output of `code` in a new interpreter without this one's settings."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in (*environment.SETTINGS, *environment.THREAD_SETTINGS)
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=helpers.ROOT,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_helpers_takes_under_200_ms():
    # CPU time: what else this machine is busy with does not count.
    code = "import time; t = time.process_time(); import helpers; print(time.process_time() - t)"
    assert min(float(in_fresh_python(code)) for _ in range(3)) < 0.2


def test_importing_and_setting_up_load_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys, helpers; helpers.setup(quiet=True)\n"
        "print(sorted({'tensorflow', 'keras', 'matplotlib', 'cv2'} & set(sys.modules)))"
    )
    assert in_fresh_python(code) == "[]\n"


def test_settings_are_made_before_tensorflow_and_keep_the_readers_own():
    code = (
        "import os, helpers; helpers.setup(quiet=True)\n"
        "print(os.environ['TF_DETERMINISTIC_OPS'], os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )
    assert in_fresh_python(code, TF_CPP_MIN_LOG_LEVEL="0") == "1 0\n"


def test_the_cap_on_threads_reaches_tensorflow():
    wanted = (os.cpu_count() or 1) + 5  # more than it would start by itself
    code = (
        f"import os; os.environ['TF_NUM_INTRAOP_THREADS'] = '{wanted}'\n"
        "import helpers; helpers.setup(quiet=True)\n"
        "import psutil, tensorflow as tf\n"
        "before = psutil.Process().num_threads()\n"
        "tf.linalg.matmul(tf.ones((512, 512)), tf.ones((512, 512)))\n"
        "print(psutil.Process().num_threads() - before)"
    )
    assert int(in_fresh_python(code)) >= wanted  # by default CPUs + 3


def test_too_late_is_said():
    code = (
        "import sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
        "import helpers; helpers.setup(quiet=True); helpers.setup(quiet=True)"
    )
    shown = in_fresh_python(code)
    assert shown.count("TensorFlow was imported before helpers.setup()") == 1


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("nonsense", 8), (None, 8)],
)
def test_available_cpus_respects_the_containers_quota(monkeypatch, quota, expected):
    def read_text(self: Path, **_: str) -> str:
        if quota is None:
            raise FileNotFoundError(self)
        return quota

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(Path, "read_text", read_text)
    assert environment.available_cpus() == expected


def test_the_locked_environment_has_no_problem():
    assert list(environment.requirement_problems()) == []


def test_missing_and_unsuitable_packages_are_named(tmp_path, capsys, monkeypatch):
    file = tmp_path / "requirements.txt"
    file.write_text("# why\nno-such-package>=1  # reason\nnumpy<1\nnumpy>=1\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", (file,))
    missing, old = environment.requirement_problems()
    assert missing == "no-such-package is missing"
    assert old.startswith("numpy is 2.")
    assert old.endswith("<1 is needed")

    hashed = f"no-such-model==1.0 \\\n    --hash=sha256:{'0' * 64}\n"
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "garden.txt").write_text(hashed)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(
        environment, "REQUIREMENTS", ("requirements.txt", "requirements/garden.txt")
    )
    helpers.setup(quiet=True)
    shown = capsys.readouterr().out
    assert "Note: no-such-package is missing." in shown
    assert "Note: no-such-model is missing." in shown
    assert "%pip install -r" in shown
    assert "make" not in shown  # there is no Makefile, as in the students' edition
    (tmp_path / "Makefile").touch()
    helpers.setup(quiet=True)
    assert "`make setup` in the course's folder, or in a cell" in capsys.readouterr().out


@pytest.fixture
def packages(monkeypatch, tmp_path) -> dict[str, str]:
    """Installed packages; pip is replaced by what its lists then change."""
    installed = {"old": "1.0", "numpy": "2.0"}

    class Distribution:
        def __init__(self, name: str):
            self.name, self.version = name, installed[name]

    def pip(command: list[str]) -> str:
        asked.append(command[4:])
        installed.update({"old": "0.9", "new": "3.0"})
        return ""

    asked: list[list[str]] = []
    monkeypatch.setattr(
        environment.metadata, "distributions", lambda: map(Distribution, list(installed))
    )
    monkeypatch.setattr(environment, "_run", pip)
    monkeypatch.setattr(environment, "TFOD2_FOLDER", tmp_path / "tfod2")
    installed["asked"] = asked
    return installed


def test_installing_says_what_has_changed_and_keeps_tfod2_aside(packages, capsys, tmp_path):
    asked = packages.pop("asked")
    environment.install_packages()
    assert capsys.readouterr().out == "Installed: TFOD2, new 3.0, old 0.9 instead of 1.0.\n"
    labs, garden, tfod2 = asked
    assert labs == ["--quiet", "-r", str(helpers.ROOT / "requirements.txt")]
    assert "--no-deps" in garden and str(tmp_path / "tfod2") in tfod2
    (tmp_path / "tfod2" / "object_detection").mkdir(parents=True)
    environment.install_packages()
    assert capsys.readouterr().out == "Installed: nothing new.\n"
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("writable", "installed", "beside_python"),
    [(True, False, True), (False, True, True), (False, False, False)],
)
def test_tfod2_lies_in_the_course_where_nothing_can_be_written_beside_python(
    tmp_path, writable, installed, beside_python
):
    """As on JupyterHub: other packages go to the reader's own folder, but not with `--target`."""
    (tmp_path / "tfod2" / ("object_detection" if installed else "interrupted")).mkdir(parents=True)
    code = (
        f"import os, sys; sys.prefix = {str(tmp_path)!r}\n"
        f"os.access = lambda path, mode: {writable} or path != sys.prefix\n"
        "from helpers import environment; print(environment.TFOD2_FOLDER)"
    )
    expected = tmp_path if beside_python else helpers.BUILD
    assert in_fresh_python(code) == f"{expected / 'tfod2'}\n"


def test_of_two_copies_the_one_that_is_imported_is_compared(packages, capsys, monkeypatch):
    """As where pip installs for the user alone: the system's copy stays, further down the path."""
    packages.pop("asked")
    here = environment.metadata.distributions
    below = type("Below", (), {"name": "old", "version": "1.0"})
    monkeypatch.setattr(environment.metadata, "distributions", lambda: [*here(), below])
    environment.install_packages()
    assert "old 0.9 instead of 1.0" in capsys.readouterr().out


def test_a_package_that_is_in_use_asks_for_a_restart(packages, capsys, monkeypatch):
    packages.pop("asked")
    monkeypatch.setitem(sys.modules, "old", None)
    environment.install_packages()
    assert "Restart the session" in capsys.readouterr().out


def test_setup_installs_only_where_it_is_asked_to(packages, capsys, monkeypatch):
    asked = packages.pop("asked")
    monkeypatch.setattr(environment, "requirement_problems", lambda: iter(["new is missing"]))
    helpers.setup(quiet=True)
    assert "Note: new is missing." in capsys.readouterr().out
    assert not asked
    environment.TFOD2_FOLDER.mkdir()  # by an installation that was interrupted
    helpers.setup(install=True, quiet=True)
    assert len(asked) == 3
    monkeypatch.setattr(environment, "requirement_problems", lambda: iter(()))
    helpers.setup(install=True, quiet=True)
    assert len(asked) == 6


def test_the_data_folder_is_shown_as_seen_from_here(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(helpers.ROOT / "tests")
    helpers.setup()
    assert capsys.readouterr().out.endswith("data in ../data\n")


def test_a_command_that_fails_without_a_word_is_an_error():
    """As when git is killed for memory: nothing was fetched, and nothing says so."""
    with pytest.raises(errors.SetupError, match="expected success, found status 3"):
        environment._run([sys.executable, "-c", "raise SystemExit(3)"])
    assert environment._run([sys.executable, "-c", "print('a')"]) == "a\n"


def test_a_git_that_is_at_work_is_waited_for(tmp_path, monkeypatch):
    """Of another lab, or of a kernel that was restarted while it fetched."""
    lock = tmp_path / "index.lock"
    lock.touch()
    waits = []
    monkeypatch.setattr(environment.time, "sleep", lambda _: waits.append(lock.unlink()))
    code = f"""
import pathlib, sys
if pathlib.Path({str(lock)!r}).exists():
    sys.exit("fatal: Unable to create '{lock.as_posix()}': File exists.")
"""
    assert environment._run([sys.executable, "-c", code]) == ""
    assert len(waits) == 1
    lock.touch()
    monkeypatch.setattr(environment.time, "sleep", waits.append)
    with pytest.raises(errors.SetupError, match="File exists"):  # nobody removes this one
        environment._run([sys.executable, "-c", code], patience=2)
    assert len(waits) == 3
