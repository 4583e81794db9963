"""Reads what students handed in and takes from it the sources of their answers, nothing else.

A file that comes from outside may be anything: not JSON, huge, another course's notebook, cells
missing or there twice, metadata with a grade already in it, a script in an output. Whatever is
wrong costs the exercises it concerns and is noted for the feedback; it never raises.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.grading.labs import Lab

MAX_BYTES = 25_000_000
MAX_CELLS = 2_000
MAX_ANSWER = 100_000


@dataclass(frozen=True)
class Submission:
    """One file of one student."""

    student: str
    path: Path

    @property
    def key(self) -> str:
        """A name for files about it: readable, harmless, and different for different files."""
        readable = re.sub(r"[^\w.-]+", "_", f"{self.student}-{self.path.stem}")[:60].strip("._")
        digest = hashlib.sha256(f"{self.student}/{self.path.name}".encode(errors="replace"))
        return f"{readable}-{digest.hexdigest()[:8]}"


@dataclass
class Answers:
    """What a submission gives."""

    lab: int | None = None
    sources: dict[str, str] = field(default_factory=dict)
    """Source of each answer by its grade_id."""
    problems: list[str] = field(default_factory=list)
    """Sentences for the feedback."""
    unreadable: bool = False


def find(folder: Path) -> list[Submission]:
    """Submissions in `folder/STUDENT/*.ipynb` and `folder/STUDENT.ipynb`, sorted.

    Links are left out: they may point at what others handed in.

    Raises:
        FileNotFoundError: there is no such folder, or no notebook in it.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    found = [Submission(path.stem, path) for path in _notebooks(folder)]
    for inner in sorted(folder.iterdir()):
        if inner.is_dir() and not inner.is_symlink() and not inner.name.startswith("."):
            found += [Submission(inner.name, path) for path in _notebooks(inner)]
    if not found:
        raise FileNotFoundError(
            f"no submissions: expected {folder}/STUDENT/NOTEBOOK.ipynb or {folder}/STUDENT.ipynb"
        )
    return sorted(found, key=lambda s: (s.student, s.path.name))


def _notebooks(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".ipynb" and path.is_file() and not path.is_symlink():
            yield path


def read(path: Path, labs: dict[int, Lab]) -> Answers:
    """Takes the answers out of a file. Never raises for what is in the file."""
    cells, problem = _cells(path)
    if problem:
        return Answers(problems=[problem], unreadable=True)
    found: dict[str, list[str]] = {}
    for cell in cells:
        grade_id, source, solution = _answer(cell)
        if grade_id is not None and solution:
            found.setdefault(grade_id, []).append(source)
    answers = Answers(_lab_number(found, path, labs))
    if answers.lab is None:
        answers.problems.append("The notebook has no answer cell of any lab.")
        return answers
    lab = labs[answers.lab]
    for exercise in lab.exercises:
        sources = found.pop(exercise.grade_id, [])
        if not sources:
            answers.problems.append(f"The answer cell {exercise.grade_id} is missing.")
        elif len(sources) > 1:
            answers.problems.append(
                f"The answer cell {exercise.grade_id} is there {len(sources)} times; "
                "the first counts."
            )
        if sources and len(sources[0]) > MAX_ANSWER:
            answers.problems.append(f"The answer {exercise.grade_id} is too long to be graded.")
        elif sources:
            answers.sources[exercise.grade_id] = sources[0]
    if found:
        names = ", ".join(sorted(found)[:5])
        answers.problems.append(f"Answer cells that are not of this lab were left out: {names}.")
    return answers


def _cells(path: Path) -> tuple[list, str]:
    """The cells of a file, or why there are none."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            limit = f"{MAX_BYTES / 1e6:.0f} MB"
            return [], f"The file has {size / 1e6:.0f} MB; at most {limit} are read."
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return [], "The file is not a notebook: it is not valid JSON."
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        return [], "The file is not a notebook of format 4: it has no list of cells."
    if len(cells) > MAX_CELLS:
        return [], f"The notebook has {len(cells)} cells; at most {MAX_CELLS} are read."
    return cells, ""


def _answer(cell: object) -> tuple[str | None, str, bool]:
    """grade_id, source and whether it calls itself an answer, of whatever stands for a cell."""
    if not isinstance(cell, dict):
        return None, "", False
    metadata = cell.get("metadata")
    data = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("grade_id"), str):
        return None, "", False
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None, "", False
    # Python cannot compile these, and a byte order or a null ends in an error of its own.
    source = source.replace("\x00", "").encode(errors="replace").decode()
    return data["grade_id"], source, bool(data.get("solution"))


def _lab_number(found: dict[str, list[str]], path: Path, labs: dict[int, Lab]) -> int | None:
    """The lab that most of the answers belong to; the number in the file's name decides a tie."""
    votes: dict[int, int] = {}
    for number, lab in labs.items():
        ids = {exercise.grade_id for exercise in lab.exercises}
        if hits := len(ids & found.keys()):
            votes[number] = hits
    if not votes:
        return None
    named = re.search(r"(?<!\d)0?(\d)(?!\d)", path.stem)
    preferred = int(named.group(1)) if named else 0
    return max(votes, key=lambda n: (votes[n], n == preferred, -n))
