"""`make setup`: complete or made anew, and a clear word where it cannot be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup_env
from tools.setup_env import STAMP, ensure, is_complete, wanted_state


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text("# nothing is needed\n")
    return path


@pytest.fixture
def fake_install(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Counts installations and makes only an interpreter."""
    calls: list[Path] = []

    def install(venv: Path, files: list[Path]) -> None:
        calls.append(venv)
        python = setup_env.venv_python(venv)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        (venv / STAMP).unlink(missing_ok=True)

    monkeypatch.setattr(setup_env, "install", install)
    return calls


def test_installs_once_and_again_only_when_the_requirements_change(
    tmp_path, requirements, fake_install
):
    venv = tmp_path / "a path with spaces" / ".venv"
    assert ensure(venv, [requirements])
    assert not ensure(venv, [requirements])
    requirements.write_text("# something else\n")
    assert ensure(venv, [requirements])
    assert not ensure(venv, [requirements])
    assert len(fake_install) == 2
    assert not (venv / f"{STAMP}.tmp").exists()


def test_an_interrupted_installation_does_not_count(tmp_path, requirements, monkeypatch):
    venv = tmp_path / ".venv"

    def interrupted(venv: Path, files: list[Path]) -> None:
        venv.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(setup_env, "install", interrupted)
    with pytest.raises(SystemExit, match="is not finished"):
        setup_env.main(["--venv", str(venv), "--requirements", str(requirements)])
    assert not is_complete(venv, wanted_state([requirements]))


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"python": "3.11"}'])
def test_a_damaged_stamp_does_not_count(tmp_path, requirements, fake_install, stamp):
    venv = tmp_path / ".venv"
    ensure(venv, [requirements])
    (venv / STAMP).write_text(stamp)
    assert ensure(venv, [requirements])


def test_another_python_or_a_vanished_one_does_not_count(tmp_path, requirements, fake_install):
    venv = tmp_path / ".venv"
    ensure(venv, [requirements])
    state = json.loads((venv / STAMP).read_text())
    assert state["python"] == "{}.{}".format(*sys.version_info[:2])
    (venv / STAMP).write_text(json.dumps(state | {"python": "3.10"}))
    assert ensure(venv, [requirements])
    setup_env.venv_python(venv).unlink()
    assert ensure(venv, [requirements])


def test_a_real_environment_is_made_and_a_failure_leaves_it_unfinished(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "astray"))  # a setting that must not count
    venv = tmp_path / "with space" / ".venv"
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no-such-package-of-the-course==1.0\n")
    with pytest.raises(SystemExit) as error:
        ensure(venv, [requirements])
    assert "no-such-package-of-the-course" in str(error.value)
    assert "run the same command again" in str(error.value)
    assert not (venv / STAMP).exists()

    package = tmp_path / "tiny-1.0-py3-none-any.whl"
    make_wheel(package)
    requirements.write_text(f"tiny @ {package.as_uri()}\n")
    assert ensure(venv, [requirements])
    done = subprocess.run([str(setup_env.venv_python(venv)), "-c", "import tiny"], check=False)
    assert done.returncode == 0
    assert not (tmp_path / "astray").exists()
    assert not ensure(venv, [requirements])


def test_a_removal_that_is_interrupted_does_not_leave_a_complete_environment(
    tmp_path, requirements, fake_install, monkeypatch
):
    venv = tmp_path / ".venv"
    ensure(venv, [requirements])
    before = wanted_state([requirements])
    monkeypatch.undo()  # the real install() again

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup_env.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        setup_env.install(venv, [requirements])
    assert not is_complete(venv, before)


def make_wheel(path: Path) -> None:
    """The smallest package that pip installs."""
    import zipfile

    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")


def test_the_progress_line_follows_pips_log(tmp_path):
    log = tmp_path / "log"
    progress = setup_env.Progress(log, tmp_path, 10)
    assert progress.line().startswith("collecting   0/10")
    log.write_text("Collecting numpy\n  x\nCollecting scipy\n")
    assert progress.line().startswith("collecting   2/10")
    log.write_text("Collecting numpy\nInstalling collected packages: numpy\n")
    (tmp_path / "lib/python3.11/site-packages/numpy-2.dist-info").mkdir(parents=True)
    assert progress.line().startswith("installing   1/10")


def test_the_line_also_follows_a_second_file(tmp_path):
    log = tmp_path / "log"
    progress = setup_env.Progress(log, tmp_path, 10)
    log.write_text("Collecting a\nInstalling collected packages: a\nCollecting b\nCollecting c\n")
    assert progress.line().startswith("collecting   3/10")


def test_each_file_of_the_course_is_installed_with_hashes_and_without_dependencies(tmp_path):
    for name in setup_env.DEFAULT_FILES:
        command = setup_env.pip_arguments(tmp_path, setup_env.ROOT / name)
        assert {"--require-hashes", "--no-deps"} <= set(command), name
        aside = str(tmp_path / "tfod2") in command
        assert aside == (name == "requirements-tfod2.txt"), name
    render = setup_env.ROOT / "requirements-render.txt"
    assert "--no-deps" not in setup_env.pip_arguments(tmp_path, render)


def test_a_change_in_any_of_the_files_makes_the_environment_anew(
    tmp_path, requirements, fake_install
):
    second = tmp_path / "second.txt"
    second.write_text("# nothing\n")
    assert ensure(tmp_path / ".venv", [requirements, second])
    assert not ensure(tmp_path / ".venv", [requirements, second])
    second.write_text("# something\n")
    assert ensure(tmp_path / ".venv", [requirements, second])


def test_packages_set_aside_do_not_reach_site_packages_and_do_not_overwrite(tmp_path, monkeypatch):
    """Two packages with the same module: as TFOD2 and Hugging Face with `datasets`."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    package = tmp_path / "tiny-1.0-py3-none-any.whl"
    make_wheel(package)
    main, aside = tmp_path / "main.txt", tmp_path / "requirements-tfod2.txt"
    for file in (main, aside):
        file.write_text(f"tiny @ {package.as_uri()}\n")
    venv = tmp_path / ".venv"
    assert ensure(venv, [main, aside])
    found = sorted(path.relative_to(venv).parts[0] for path in venv.rglob("tiny.py"))
    assert found == ["lib", "tfod2"]
    # A failure in the second file leaves the environment unfinished and names that file.
    aside.write_text("no-such-package-of-the-course==1.0\n")
    with pytest.raises(SystemExit, match=r"Installing requirements-tfod2\.txt failed"):
        ensure(venv, [main, aside])
    assert not (venv / STAMP).exists()


def test_the_lock_file_is_counted():
    assert setup_env.pinned_count(setup_env.ROOT / "requirements.lock") > 100


def find_python(*versions: str, path: str | None = None, python: str = "") -> tuple[int, str, str]:
    """Runs tools/find_python.sh in a folder without .venv."""
    variables = {"PATH": path if path is not None else os.environ["PATH"], "PYTHON": python}
    script = setup_env.ROOT / "tools" / "find_python.sh"
    done = subprocess.run(
        ["/bin/sh", str(script), *versions],
        cwd=Path(__file__).parent,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip(), done.stderr


posix_only = pytest.mark.skipif(os.name == "nt", reason="make runs in a POSIX shell")


@posix_only
def test_a_python_that_was_asked_for_is_taken_or_refused(tmp_path):
    version = "{}.{}".format(*sys.version_info[:2])
    assert find_python(version, python=sys.executable)[:2] == (0, sys.executable)
    status, _, message = find_python("2.7", python=sys.executable)
    assert status == 1
    assert "Python 2.7" in message
    assert sys.version.split()[0] in message
    status, _, message = find_python(version, python="no-such-python")
    assert status == 1
    assert "PYTHON=no-such-python cannot be used" in message


@posix_only
def test_the_path_is_searched_and_an_unsuitable_python_passed_over(tmp_path):
    for tool in ("sed", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    version = "{}.{}".format(*sys.version_info[:2])
    status, _, message = find_python(version, path=str(tmp_path))
    assert status == 1
    assert "No usable Python found" in message

    (tmp_path / "python3.11").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "python3.11").chmod(0o755)
    assert find_python(version, path=str(tmp_path))[:2] == (0, "python3.11")
