"""Run the labs in reconstructed Colab and Kaggle environments: `make places`.

    python -m tools.places                        every place and lab; writes docs/where-it-runs.md
    python -m tools.places colab-2026.07          one place
    python -m tools.places --labs 1 4             some labs; the others keep their rows, with dates

A place is a list in tests/environments: the packages that the labs use there, with their versions
and their own IPython, ipykernel and ipywidgets, installed without dependencies into build/places.
Each lab runs as student edition in an empty folder; its set-up cell clones the student repository
from this machine and installs what is missing. Exercises are omitted, since they are unsolved.
Rests on uv and `tools.execution`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from helpers import BUILD, ROOT, files
from helpers.errors import SetupError
from tools import exercises, notebooks, release
from tools.execution import LabExecution, LabRun, isolated_kernel_environment

LISTS = ROOT / "tests" / "environments"
RESULTS = LISTS / "results.json"
PAGE = ROOT / "docs" / "where-it-runs.md"
WORK = BUILD / "places"
KERNEL = "place"
MARKS = {"colab": "COLAB_RELEASE_TAG", "kaggle": "KAGGLE_KERNEL_RUN_TYPE"}
"""Environment variables that identify the places."""


class NoPythonError(SetupError):
    """The Python version of a place is not available on this machine."""


@dataclass(frozen=True)
class Place:
    """One list of packages."""

    name: str

    @property
    def requirements(self) -> Path:
        """The file in tests/environments."""
        return LISTS / f"{self.name}.txt"

    @property
    def python(self) -> str:
        """Python version of the place, "3.12" or "3.12.13", from the first line of the list."""
        return re.search(r"Python (3[\d.]*\d)", self.requirements.read_text(encoding="utf-8"))[1]

    @property
    def interpreter(self) -> Path:
        """Interpreter of the environment made by `prepare`."""
        return WORK / self.name / "bin" / "python"


def all_places() -> list[Place]:
    """All places, oldest first."""
    return [Place(path.stem) for path in sorted(LISTS.glob("*.txt"))]


def uv(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the uv of this environment, which also finds pyenv interpreters."""
    program = Path(sysconfig.get_path("scripts"), "uv")
    versions = sorted(Path.home().glob(".pyenv/versions/*/bin"))
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, versions)])
    command = ["sh", "-c", '. tools/index.sh; exec "$0" "$@"', str(program), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True,
        **options,
    )  # fmt: skip


def prepare(place: Place) -> None:
    """Create the environment of a place as it is before the set-up cell.

    Raises:
        NoPythonError: The Python version is neither installed nor available for download.
        RuntimeError: The packages cannot be installed.
    """
    version = ".".join(place.python.split(".")[:2])
    found = uv("python", "find", "--no-python-downloads", version, check=False)
    if found.returncode:
        do = f"Run `uv python install {version}`."
        raise NoPythonError(place.name, expected=f"Python {version}", found="none", do=do)
    folder = place.interpreter.parent.parent
    steps = (
        ["venv", "--quiet", "--clear", "--python", found.stdout.strip(), str(folder)],
        [
            "pip",
            "install",
            "--quiet",
            "--python",
            str(folder),
            "--no-deps",
            "-r",
            str(place.requirements),
        ],
    )
    for step in steps:
        done = uv(*step, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())


def students_origin() -> Path:
    """Create a repository with the student edition of the stored labs on the branch `students`."""
    labs = {path.stem: nbformat.read(path, as_version=4) for path in notebooks.find_labs()}
    folder = WORK / "origin" / "image-segmentation-labs"
    shutil.rmtree(folder, ignore_errors=True)
    release.students(labs, folder)
    git = ["git", "-c", "user.name=places", "-c", "user.email=places@example.org"]
    for command in (
        ["init", "--quiet", "-b", "students"],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "-m", "The students' edition"],
        ["config", "uploadpack.allowFilter", "true"],  # as code hosts have it
    ):
        subprocess.run([*git, *command], cwd=folder, check=True, capture_output=True)
    return folder


def as_opened(lab: Path, origin: Path) -> NotebookNode:
    """Prepare a student notebook for a run: with this origin, and without the exercises."""
    notebook = nbformat.read(origin / "notebooks" / lab.name, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.source = notebooks.setup_cell(origin.as_uri(), "students")
    notebook.cells = [cell for cell in notebook.cells if not exercises.role(cell)]
    return notebook


@contextmanager
def kernel_of(place: Place) -> Iterator[dict[str, str]]:
    """Environment variables with which the kernel `place` is that of the place."""
    with isolated_kernel_environment() as environment:
        kernel = Path(environment["JUPYTER_DATA_DIR"], "kernels", KERNEL)
        specification = {
            "argv": [str(place.interpreter), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": place.name,
            "language": "python",
        }
        files.write_text(kernel / "kernel.json", json.dumps(specification))
        changed = {k: v for k, v in environment.items() if k.startswith("JUPYTER_")}
        before = dict(os.environ)
        os.environ.update(changed)  # this process looks for the kernel
        environment["PATH"] = f"{place.interpreter.parent}{os.pathsep}{environment['PATH']}"
        environment[MARKS[place.name.split("-")[0]]] = place.name
        for name in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(name, None)
        # `prepare` makes the environment anew; what Python compiled of the same files is kept.
        environment["PYTHONPYCACHEPREFIX"] = str(WORK / "bytecode")
        try:
            yield environment
        finally:
            os.environ.clear()
            os.environ.update(before)


def run(
    place: Place, notebook: NotebookNode, origin: Path, name: str = "lab.ipynb"
) -> tuple[LabRun, float]:
    """Run a notebook in an empty folder.

    Args:
        place: Place with a prepared environment.
        notebook: A lab as `as_opened` gives it.
        origin: Repository that the set-up cell clones.
        name: File name of the notebook, also of the executed one in build/places/run.

    Returns:
        The run, and the size in MB of everything that its cells fetched.
    """
    # Outside of the course, which the set-up cell would find.
    with tempfile.TemporaryDirectory(prefix="place-") as folder, kernel_of(place) as environment:
        opened = Path(folder, name)
        notebooks.write_notebook(opened, notebook)
        done = LabExecution(
            opened, environment=environment, cell_timeout=600, lab_timeout=1800, kernel=KERNEL
        ).run()
        course = Path(folder, origin.name)
        files = (path for path in course.rglob("*") if path.is_file())
        made = course / "build"  # by the lab itself, not fetched
        size = sum(file.lstat().st_size for file in files if made not in file.parents)
        passing = Path(tempfile.gettempdir()).relative_to("/")
        shutil.rmtree(WORK / "bytecode" / passing, ignore_errors=True)
    notebooks.write_notebook(WORK / "run" / place.name / name, done.notebook)
    return done, size / 1e6


VARIES = {"loss_first", "loss_last", "detections_with_patch"}
"""Headlines of TFOD2's training in lab 3, which differs from run to run: signs are compared."""


def different(metrics: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """Headline figures that differ from the stored ones, to three digits: name, found, stored."""
    wrong = []
    for name, value in stored.items():
        found = metrics.get(name)
        numbers = isinstance(value, int | float) and isinstance(found, int | float)
        if numbers and name in VARIES:
            value, found = (value > 0) - (value < 0), (found > 0) - (found < 0)
        if not (math.isclose(found, value, abs_tol=1e-3) if numbers else found == value):
            wrong.append(f"{name} {found} instead of {value}")
    return wrong


def row(place: Place, lab: Path, origin: Path) -> dict[str, Any]:
    """Run one lab and return its row of the page."""
    done, size = run(place, as_opened(lab, origin), origin, lab.name)
    stored = notebooks.headline_metrics(nbformat.read(lab, as_version=4))
    text = done.failure.reason if done.failure else "; ".join(different(done.metrics, stored))
    return {
        "place": place.name,
        "lab": lab.stem,
        "date": datetime.date.today().isoformat(),
        "ok": done.ok,
        "cells": done.cells,
        "seconds": round(done.seconds),
        "memory": round(done.peak_mb / 1000, 1),
        "fetched": round(size, 1),
        "headline": text or "as stored",
    }


def page(rows: list[dict[str, Any]]) -> str:
    """Text of docs/where-it-runs.md."""
    lines = [(LISTS / "page.md").read_text(encoding="utf-8").rstrip("\n"), ""]
    head = "| environment | lab | cells | seconds | memory, GB | fetched, MB | headline | run on |"
    lines += [head, "|---|---|---|---|---|---|---|---|"]
    for each in sorted(rows, key=lambda each: (each["place"], each["lab"])):
        said = each["headline"] if each["ok"] else f"**stopped**: {each['headline']}"
        said = said.replace("|", "\\|")
        lines.append(
            f"| {each['place']} | {each['lab'][:2]} | {each['cells']} | {each['seconds']} "
            f"| {each['memory']} | {each['fetched']} | {said} | {each['date']} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if every lab ran to the end with the stored figures, 1 otherwise.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.places", description=__doc__.splitlines()[0]
    )
    names = [place.name for place in all_places()]
    parser.add_argument("places", nargs="*", metavar="PLACE", help=", ".join(names))
    parser.add_argument("--labs", nargs="*", help="numbers or names; all if left out")
    options = parser.parse_args(arguments)
    unknown = set(options.places) - set(names)
    if unknown:
        parser.error(f"no such place: {', '.join(unknown)}; there are {', '.join(names)}")
    labs = notebooks.find_labs(options.labs)
    origin = students_origin()
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    rows = {(each["place"], each["lab"]): each for each in known}
    good = True
    chosen = options.places or names
    with tqdm(total=len(chosen) * len(labs), unit="lab") as bar:
        for place in map(Place, chosen):
            bar.set_description(place.name)
            try:
                prepare(place)
            except RuntimeError as error:
                print(f"\n{place.name}: {error}", file=sys.stderr)
                good = False
                continue
            for lab in labs:
                bar.set_description(f"{place.name} {lab.stem}")
                rows[place.name, lab.stem] = each = row(place, lab, origin)
                good &= each["ok"] and each["headline"] == "as stored"
                tqdm.write(f"{place.name} {lab.stem}: {each['cells']} cells, {each['headline']}")
                kept = sorted(rows.values(), key=lambda each: (each["place"], each["lab"]))
                files.write_text(RESULTS, json.dumps(kept, indent=1) + "\n")
                files.write_text(PAGE, page(kept))
                bar.update()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
