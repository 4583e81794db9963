"""The student edition and the instructor edition of a lab.

Both are made from the source notebook in `notebooks/`. nbgrader's own preprocessors remove
solutions and hidden tests and lock the checks, so the student edition is what nbgrader users
expect. Rests on nbgrader.
"""

from __future__ import annotations

import copy
import re

from nbformat import NotebookNode

from helpers.errors import DataError
from tools import exercises
from tools.exercises import CODE_STUB
from tools.handed_in import WRITTEN_STUB


def for_students(source: NotebookNode) -> NotebookNode:
    """Copy a lab without solutions, hidden tests, rubrics and outputs; checks are locked.

    Args:
        source: The stored lab; not modified.

    Raises:
        ValueError: Part of a solution or of a hidden test is left.
    """
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions, LockCells
    from traitlets.config import Config

    notebook = copy.deepcopy(source)
    config = Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = WRITTEN_STUB
    remove = [ClearSolutions(config=config), ClearHiddenTests(config=config)]
    for index, cell in enumerate(notebook.cells):
        if exercises.role(cell):  # elsewhere the marks are only spoken of
            for step in remove:
                step.preprocess_cell(cell, {"language": "python"}, index)
    notebook, _ = LockCells(config=config).preprocess(notebook, {})
    for cell in notebook.cells:
        cell.metadata.pop("rubric", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = cell.source.rstrip()
    _refuse_leaks(source, notebook)
    return notebook


def _refuse_leaks(source: NotebookNode, edition: NotebookNode) -> None:
    """Search the student edition for lines of a solution or of a hidden test."""
    for cell, given in zip(source.cells, edition.cells, strict=True):
        kind, secret, shown = exercises.role(cell), "", ""
        if kind == "answer":
            pattern = rf"{exercises.BEGIN_SOLUTION}[^\n]*\n(.*?){exercises.END_SOLUTION}"
            secret = "\n".join(re.findall(pattern, cell.source, re.DOTALL))
        elif kind == "check":
            secret, shown = exercises.hidden(cell.source), exercises.without_hidden(cell.source)
        elif kind == "written":
            secret = cell.source
        for line in secret.splitlines():
            if len(line.strip()) > 20 and line in given.source and line not in shown:
                grade_id = cell.metadata.nbgrader.grade_id
                raise DataError(
                    grade_id,
                    expected="no line of a solution in the students' edition",
                    found=repr(line.strip()[:60]),
                    do="Mark it as part of the solution, or write the given code differently.",
                )


def for_instructors(source: NotebookNode) -> NotebookNode:
    """Copy a lab with solutions and outputs, and with points and rubrics made visible."""
    notebook = copy.deepcopy(source)
    for exercise in exercises.read_exercises(notebook):
        cell = exercise.answer if exercise.check is None else None
        if cell is not None and exercise.rubric:
            points = "\n".join(f"- {point}" for point in exercise.rubric)
            cell.source = (
                f"{cell.source.rstrip()}\n\n**Rubric, {exercise.points:g} points.**\n\n{points}"
            )
    return notebook
