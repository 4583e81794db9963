"""The set-up cell in an environment such as Colab's: it must change nothing, and be quick.

Needs a package index and Python 3.12: `pytest -m network tests/notebooks/test_colab.py`. It is not
Colab, which has some 600 packages more; the versions are those of `test_requirements.COLAB`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import nbformat
import pytest

from helpers import ROOT
from tests.test_requirements import COLAB
from tools import editions, notebooks

pytestmark = [pytest.mark.network, pytest.mark.timeout(3000)]

IGNORED = ("tensorflow", "tf-keras", "keras")


def python312() -> str:
    for name in ("python3.12", os.environ.get("PYTHON312", "")):
        found = name and shutil.which(name)
        if (
            found
            and "3.12"
            in subprocess.run(
                [found, "--version"], capture_output=True, text=True, check=False
            ).stdout
        ):
            return found
    pytest.skip("no Python 3.12, which Colab has")


def installed(python: Path) -> dict[str, str]:
    line = [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return {entry["name"].lower(): entry["version"] for entry in json.loads(done.stdout)}


@pytest.fixture(scope="module", params=["2.19.0", "2.20.0"])
def colab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a clean environment with the packages that matter, in Colab's versions."""
    folder = tmp_path_factory.mktemp("colab") / "venv"
    subprocess.run([python312(), "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    keras = "2.19.0" if request.param.startswith("2.19") else "2.20.1"
    pins = {name: versions[0] for name, versions in COLAB.items() if name not in IGNORED}
    wanted = [f"tensorflow=={request.param}", f"tf-keras=={keras}", "keras==3.10.0", "ipython<9"]
    wanted += [f"{name}=={version}" for name, version in pins.items()]
    subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
    return python


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository to clone, with what a lab needs."""
    repository = tmp_path_factory.mktemp("origin") / "the-course"
    for name in ("helpers", "data"):
        shutil.copytree(ROOT / name, repository / name)
    for path in ROOT.glob("requirements*.txt"):
        shutil.copy(path, repository)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "course"]):
        subprocess.run([*git, *command], cwd=repository, check=True)
    return repository


def test_set_up_changes_nothing_and_students_then_run_the_lab(colab, origin, tmp_path):
    before = installed(colab)
    start = time.monotonic()
    code = notebooks.setup_cell(str(origin)) + "\nprint('tensorflow' in sys.modules)"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "PYTHONPATH"))}
    options = {"cwd": tmp_path, "env": clean, "capture_output": True, "text": True}
    done = subprocess.run([str(colab), "-c", code], check=False, **options)
    seconds = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    assert "Note:" not in done.stdout  # nothing is missing, and nothing wants a restart
    after = installed(colab)
    changed = {
        name: (old, after.get(name)) for name, old in before.items() if after.get(name) != old
    }
    assert changed == {}
    # The students' edition, from the top: all but the exercises, which are not solved.
    lab = nbformat.read(notebooks.find_labs(["1"])[0], as_version=4)
    cells = [
        cell.source
        for cell in editions.for_students(lab).cells
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata
    ]
    cells[0] = notebooks.setup_cell(str(origin))
    script = tmp_path / "lab.ipy"
    script.write_text("\n\n".join(re.sub(r"^%.*", "", cell, flags=re.M) for cell in cells))
    run = [str(colab), "-m", "IPython", "--no-banner", str(script)]
    done = subprocess.run(run, check=False, **{**options, "env": clean | {"MPLBACKEND": "agg"}})
    assert done.returncode == 0 and "Traceback" not in done.stdout, done.stdout[-3000:]
    assert seconds < 60, f"all of it works, but set-up took {seconds:.0f} s"
