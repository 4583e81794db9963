"""The exercises of the labs: questions, points and checks.

    python -m tools.exercises              a table of all exercises
    python -m tools.exercises 2            those of one lab
    python -m tools.exercises --rubrics    the rubrics of the written answers, as Markdown

An exercise is one or two cells with nbgrader metadata. A coding exercise has an answer cell
(`lab1-ex3`) immediately followed by a check cell (`lab1-ex3-check`) with visible and hidden
asserts. A written exercise is one Markdown cell with the model answer; its metadata holds the
rubric. The question and its hints are the Markdown before. Besides the course itself, the exercises
of a lab need only the cells tagged `exercise-setup`. Rests on nbformat.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.errors import CourseError, DataError
from tools import notebooks

SETUP_TAG = "exercise-setup"
POINTS_A_LAB = 20
BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
CODE_STUB = 'raise NotImplementedError("exercise not solved yet")  # your code instead of this line'
KINDS = {
    "fill in": r"\bfill in\b|\bwrite\b|\bimplement\b",
    "find the bug": r"\bbugs?\b",
    "predict": r"\bpredict\b",
    "improve": r"\bimprove\b",
    "explain": r"\bexplain\b",
}
"""Kinds of exercises, and the words in heading or text that identify them."""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a source notebook, including its solution."""

    grade_id: str
    """Such as lab1-ex3; unique in the course."""
    question: str
    """Markdown between the exercise before and this one."""
    answer: NotebookNode
    """The cell with the solution."""
    check: NotebookNode | None
    """The cell that checks it; None for a written answer."""

    @property
    def title(self) -> str:
        """Last heading of the question, or last bold text at the start of a line; or ""."""
        for pattern in (r"^#{3,6} +(.+)$", r"^\*\*(.+?)\*\*"):
            if found := re.findall(pattern, self.question, re.MULTILINE):
                return found[-1].strip()
        return ""

    @property
    def kind(self) -> str:
        """One of `KINDS`, from the title or else the question; a written answer is "explain"."""
        if self.check is None:
            return "explain"
        words = re.sub(r"<details>.*?</details>", "", self.question, flags=re.DOTALL)
        for text in (self.title, words):
            for kind, pattern in KINDS.items():
                if re.search(pattern, text, re.IGNORECASE):
                    return kind
        return ""

    @property
    def points(self) -> float:
        """Points of the exercise."""
        return (self.check or self.answer).metadata.nbgrader.get("points", 0)

    @property
    def judged_on(self) -> str:
        """Exercise whose answers this one's check must separate; usually ""."""
        return (self.check or self.answer).metadata.get("mutants", "")

    @property
    def rubric(self) -> list[str]:
        """Criteria of a written answer; empty for code."""
        return list(self.answer.metadata.get("rubric", []))


@dataclass(frozen=True)
class Answer:
    """One answer to an exercise."""

    right: bool
    name: str
    about: str
    """What is wrong with it, or how it goes about it, in one line."""
    source: str


def role(cell: NotebookNode) -> str:
    """Role of a cell in nbgrader: "answer", "check", "written", or "" for none."""
    data = cell.metadata.get("nbgrader", {})
    if data.get("grade") and data.get("solution"):
        return "written"
    if data.get("grade"):
        return "check"
    return "answer" if data.get("solution") else ""


def read_exercises(notebook: NotebookNode) -> list[Exercise]:
    """Read the exercises of a notebook, in order. Errors in them are left to the linter."""
    exercises: list[Exercise] = []
    question: list[str] = []
    for index, cell in enumerate(notebook.cells):
        if kind := role(cell):
            if kind != "check":
                following = notebook.cells[index + 1] if index + 1 < len(notebook.cells) else None
                paired = kind == "answer" and following is not None and role(following) == "check"
                exercises.append(
                    Exercise(
                        grade_id=cell.metadata.nbgrader.get("grade_id", ""),
                        question="\n\n".join(question),
                        answer=cell,
                        check=following if paired else None,
                    )
                )
            question = []
        elif cell.cell_type == "markdown":
            if re.search(r"^## ", cell.source, re.MULTILINE):
                question = []  # the text before belongs to the lab, not to the question
            question.append(cell.source)
    return exercises


def setup_sources(notebook: NotebookNode) -> list[str]:
    """Sources of the cells that the exercises need, in order."""
    return [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and SETUP_TAG in cell.metadata.get("tags", [])
    ]


def without_hidden(source: str) -> str:
    """Source of a check cell without hidden tests."""
    pattern = rf"^[ \t]*{BEGIN_HIDDEN}.*?{END_HIDDEN}[^\n]*\n?"
    return re.sub(pattern, "", source, flags=re.DOTALL | re.MULTILINE)


def without_solution(source: str) -> str:
    """Source of an answer cell with each solution replaced by a stub."""
    pattern = rf"^([ \t]*){BEGIN_SOLUTION}.*?{END_SOLUTION}[^\n]*"
    return re.sub(
        pattern, lambda found: found[1] + CODE_STUB, source, flags=re.DOTALL | re.MULTILINE
    ).rstrip()


def hidden(source: str) -> str:
    """Lines of a check cell that are hidden from students."""
    return "\n".join(re.findall(rf"{BEGIN_HIDDEN}[^\n]*\n(.*?){END_HIDDEN}", source, re.DOTALL))


def read_answers(path: Path) -> list[Answer]:
    """Read the right and wrong answers in a file of `tests/grading/mutants`.

    Raises:
        DataError: There is text before the first heading, or a heading is malformed.
    """
    before, *parts = re.split(r"^# %%", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    answers = []
    for part in parts:
        first, _, source = part.partition("\n")
        heading = re.fullmatch(r" (right|wrong) (\w+): (\S.*)", first)
        if heading is None:
            raise DataError(
                path.name,
                expected="headings `# %% right name: What.` or `# %% wrong name: What.`",
                found=f"# %%{first}",
            )
        kind, name, about = heading.groups()
        answers.append(Answer(kind == "right", name, about, source.strip("\n") + "\n"))
    if before.strip():
        raise DataError(path.name, expected="a line `# %% ...` first", found=f"{before[:60]!r}")
    return answers


def rubrics(labs: list[Path]) -> str:
    """All rubrics as Markdown: question, criteria with points, model answer."""
    lines = [
        "# Rubrics of the written answers",
        "",
        "Made by `python -m tools.exercises --rubrics` from the labs: change them there. A line",
        "counts if the answer says it in any words, and not if it also says the opposite.",
    ]
    for path in labs:
        notebook = nbformat.read(path, as_version=4)
        lines += ["", f"## {notebooks.title(notebook)}"]
        for exercise in read_exercises(notebook):
            if exercise.check is None:
                answer = re.sub(r"\A\*\*Answer\.\*\*\s*", "", exercise.answer.source.strip())
                lines += ["", f"### {exercise.title}", "", f"`{exercise.grade_id}`"]
                lines += ["", *(f"- {point}" for point in exercise.rubric)]
                lines += ["", "A model answer:", "", *(f"> {line}".rstrip() for line in
                                                     answer.splitlines())]  # fmt: skip
    return "\n".join(lines) + "\n"


def table(labs: list[Path]) -> str:
    """Format a table with one line per exercise and the points of each lab."""
    lines = []
    for path in labs:
        exercises = read_exercises(nbformat.read(path, as_version=4))
        points = sum(exercise.points for exercise in exercises)
        lines.append(f"{path.stem}: {len(exercises)} exercises, {points:g} points")
        for exercise in exercises:
            lines.append(f"  {exercise.grade_id:<10} {exercise.kind:<13} {exercise.title}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, or 2 if there is no such lab.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.exercises", description=__doc__.splitlines()[0]
    )
    parser.add_argument("labs", nargs="*", help="numbers or names; all if left out")
    parser.add_argument("--notebooks", type=Path, default=notebooks.NOTEBOOKS, metavar="DIR")
    parser.add_argument("--rubrics", action="store_true", help="print the rubrics")
    options = parser.parse_args(arguments)
    try:
        labs = notebooks.find_labs(options.labs, options.notebooks)
    except CourseError as error:
        print(f"exercises: {error}", file=sys.stderr)
        return 2
    print(rubrics(labs) if options.rubrics else table(labs), end="" if options.rubrics else "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
