"""Build all editions of the course from the stored labs: `make release`.

    python -m tools.release                  into build/release/
    python -m tools.release --out DIR

Nothing is executed: the stored outputs are used. Two runs give identical files, which SHA256SUMS
lists. The results:

    students/      the repository for students, to be pushed as the branch `students`: notebooks
                   without solutions, hidden checks and outputs, and what they need
    instructors/   notebooks and pages with solutions and rubrics, notes for each lab
    slides/        one reveal.js page for each lab (S opens the speaker notes)
    handout.html   objectives, recaps and questions, to print
    site/          the book of the labs
    notes.md       the changelog of this version, for `git tag --file`
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from helpers import BUILD, ROOT, files
from helpers.errors import CourseError, DataError
from tools import editions, exercises, handout, notebooks, pages, site, slides
from tools.grading.labs import Lab, for_check
from tools.grading.sandbox import COMMANDS

STUDENT_FILES = (
    "LICENSE", "helpers", "parking", "data", "requirements.txt", "requirements/garden.txt",
    "requirements/tfod2.txt", "requirements/labs.lock", *(f"tools/{name}" for name in COMMANDS),
)  # fmt: skip
"""What students get besides their notebooks; none of it holds a solution."""
NOT_NEEDED = (
    "__pycache__", "*.pyc", ".*", "contact_sheet*", "statistics.png", "train-*-clip.*", "render",
)  # fmt: skip
STUDENT_README = """\
# Image segmentation, hands on

Five labs: open one in Colab by the badge in its first cell, or, with Python 3.11 to 3.13, on your
own machine:

    git clone --depth=1 --branch {branch} {repository} segmentation && cd segmentation
    python3 -m venv .venv && . .venv/bin/activate    # Debian, Ubuntu: apt install python3-venv
    pip install jupyterlab -r requirements.txt && pip install --no-deps -r requirements/garden.txt
    jupyter lab notebooks

`python -m tools.check 2` lists the exercises of lab 2 that pass in your notebook (in Colab: File,
Download, .ipynb, and give its path). You may add cells before an answer: they run with it. The
grader has the packages of `requirements.txt`, pandas and scikit-learn, and no network.
"""
VERSIONED = ("CHANGELOG.md", "CITATION.cff", "pyproject.toml")
TEACHING = ROOT / "docs" / "teaching"
Labs = dict[str, NotebookNode]


def students(labs: Labs, out: Path) -> None:
    """Write the student repository: notebooks, imported modules, data, requirements.

    It is a separate repository, without the history that contains the solutions. The notebooks open
    and clone the branch `site.BRANCH`.
    """
    for name, lab in labs.items():
        notebooks.write_notebook(out / "notebooks" / f"{name}.ipynb", student_edition(lab))
    for name in STUDENT_FILES:
        _copy(ROOT / name, out / name)
    sources = [
        Lab(name, int(name[:2]), lab, tuple(exercises.read_exercises(lab)))
        for name, lab in labs.items()
    ]
    known = for_check({lab.number: lab for lab in sources})
    files.write_text(out / "tools" / "labs.json", json.dumps(known, indent=1) + "\n")
    readme = STUDENT_README.replace("{repository}", notebooks.repository_url())
    files.write_text(out / "README.md", readme.replace("{branch}", site.BRANCH))
    files.write_text(out / ".gitignore", "build/\n__pycache__/\n.ipynb_checkpoints/\n.venv*/\n")


def student_edition(lab: NotebookNode) -> NotebookNode:
    """Student edition of a lab, whose badge and set-up cell name the student branch."""
    edition = editions.for_students(lab)
    first = edition.cells[0]
    first.source = re.sub(
        r"(colab\.research\.google\.com/github/[^/]+/[^/]+/blob)/main/",
        rf"\1/{site.BRANCH}/",
        first.source,
    )
    mark = notebooks.setup_cell().partition("\n")[0]
    for cell in edition.cells:
        if cell.source.startswith(mark):
            cell.source = notebooks.setup_cell(branch=site.BRANCH)
    return edition


def _copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder without previews and Python's caches."""
    if source.is_dir():
        ignore = shutil.ignore_patterns(*NOT_NEEDED)
        shutil.copytree(source, target, ignore=ignore, copy_function=shutil.copyfile)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def instructors(labs: Labs, out: Path) -> None:
    """Write the complete notebooks and pages, and the notes for teaching."""
    links = [(notebooks.title(lab) or name, f"{name}.html") for name, lab in labs.items()]
    for name, lab in labs.items():
        edition = editions.for_instructors(lab)
        notebooks.write_notebook(out / f"{name}.ipynb", edition)
        files.write_text(out / f"{name}.html", pages.lab_page(edition, name, links=links))
    for note in sorted(TEACHING.glob("*.md")):
        (out / "notes").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(note, out / "notes" / note.name)
    rubrics = exercises.rubrics([notebooks.NOTEBOOKS / f"{name}.ipynb" for name in labs])
    files.write_text(out / "notes" / "rubrics.md", rubrics)


def slide_pages(labs: Labs, out: Path) -> None:
    """Write the slides, with one copy of reveal.js."""
    for name, lab in labs.items():
        files.write_text(out / f"{name}.html", slides.slides(lab, name))
    slides.copy_reveal(out / "reveal")


def version_notes(changelog: str, version: str, cited: str) -> str:
    """Tag message of a version: its section of the changelog.

    Args:
        changelog: Text of CHANGELOG.md.
        version: Version in pyproject.toml, such as "1.0.0".
        cited: Text of CITATION.cff, which must name the same version.

    Raises:
        DataError: The three files name different versions.
    """
    found = re.search(rf"^## {re.escape(version)}\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    if not found or not found[1].strip():
        expected, do = f"a section '## {version}' as in pyproject.toml", "Write what is new."
        raise DataError("CHANGELOG.md", expected=expected, found="none", do=do)
    if not re.search(rf"^version: {re.escape(version)}$", cited, re.M):
        expected = f"version: {version} as in pyproject.toml"
        raise DataError("CITATION.cff", expected=expected, found="another one")
    return f"Version {version}\n\n{found[1].strip()}\n"


def sums(folder: Path) -> str:
    """Checksums of all files in a folder tree, in the format of `sha256sum -c`."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}")
    return "\n".join(lines) + "\n"


def release(labs: Labs, out: Path) -> None:
    """Build everything in a new folder, which finally replaces the old one."""
    read = {name: (ROOT / name).read_text(encoding="utf-8") for name in VERSIONED}
    project = tomllib.loads(read["pyproject.toml"])["project"]
    notes = version_notes(read["CHANGELOG.md"], project["version"], read["CITATION.cff"])
    draft = out.with_name(out.name + ".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    steps: dict[str, Callable[[], None]] = {
        "students": lambda: students(labs, draft / "students"),
        "instructors": lambda: instructors(labs, draft / "instructors"),
        "slides": lambda: slide_pages(labs, draft / "slides"),
        "handout": lambda: files.write_text(
            draft / "handout.html", handout.handout(list(labs.values()))
        ),
        "site": lambda: site.build(labs, draft / "site"),
        "notes": lambda: files.write_text(draft / "notes.md", notes),
    }
    with tqdm(steps.items(), unit="edition", dynamic_ncols=True) as bar:
        for name, step in bar:
            bar.set_description(name)
            step()
    files.write_text(draft / "SHA256SUMS", sums(draft))
    shutil.rmtree(out, ignore_errors=True)
    os.replace(draft, out)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, or 1 if the files that name the version are inconsistent.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.release", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--out", type=Path, default=BUILD / "release", metavar="DIR")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    labs = {path.stem: nbformat.read(path, as_version=4) for path in notebooks.find_labs()}
    try:
        release(labs, options.out)
    except CourseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    shown = os.path.relpath(options.out)
    print(f"{len(labs)} labs in {time.monotonic() - start:.0f} s: {shown}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
