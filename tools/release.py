"""Makes all editions of the course from the stored labs: `make release`.

    python -m tools.release                  into build/release/
    python -m tools.release --out DIR

Nothing is executed: outputs are those that are stored. Two runs give identical files, and
SHA256SUMS lists them. What comes out:

    students/      notebooks without solutions, hidden checks and outputs
    instructors/   notebooks and pages with solutions and rubrics, notes for each lab
    slides/        one reveal.js page for each lab (S opens the speaker notes)
    handout.html   objectives, recaps and questions, to print
    site/          the book of the labs
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from helpers import BUILD, ROOT, files
from tools import editions, exercises, handout, notebooks, pages, site, slides

TEACHING = ROOT / "docs" / "teaching"
Labs = dict[str, NotebookNode]


def students(labs: Labs, out: Path) -> None:
    """Notebooks to hand out, with badges that open the same edition in Colab."""
    for name, lab in labs.items():
        edition = editions.for_students(lab)
        first = edition.cells[0]
        first.source = re.sub(
            r"(colab\.research\.google\.com/github/[^/]+/[^/]+/blob)/main/",
            rf"\1/{site.BRANCH}/",
            first.source,
        )
        notebooks.write_notebook(out / "notebooks" / f"{name}.ipynb", edition)


def instructors(labs: Labs, out: Path) -> None:
    """Notebooks and pages with everything in them, and the notes for teaching."""
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
    """Slides, and reveal.js once for all of them."""
    for name, lab in labs.items():
        files.write_text(out / f"{name}.html", slides.slides(lab, name))
    slides.copy_reveal(out / "reveal")


def sums(folder: Path) -> str:
    """Checksums of all files below a folder, in the form that `sha256sum -c` reads."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}")
    return "\n".join(lines) + "\n"


def release(labs: Labs, out: Path, progress: Callable[[str], None] = lambda _: None) -> None:
    """Makes everything in a new folder and puts it in the place of the old one at the end."""
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
    }
    for name, step in steps.items():
        progress(name)
        step()
    files.write_text(draft / "SHA256SUMS", sums(draft))
    shutil.rmtree(out, ignore_errors=True)
    os.replace(draft, out)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.release", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--out", type=Path, default=BUILD / "release", metavar="DIR")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    labs = {path.stem: nbformat.read(path, as_version=4) for path in notebooks.find_labs()}
    with tqdm(total=5, unit="edition", dynamic_ncols=True) as bar:

        def progress(name: str) -> None:
            bar.set_description(name)
            bar.update(bar.n < bar.total and name != "students")

        release(labs, options.out, progress)
        bar.update(bar.total - bar.n)
    shown = os.path.relpath(options.out)
    print(f"{len(labs)} labs in {time.monotonic() - start:.0f} s: {shown}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
