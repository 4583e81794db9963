"""Source labs for grading: cells in order, with their roles.

Rests on `tools.exercises`; provides the outline with which `tools.handed_in` reads submissions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers import ROOT
from tools import exercises, notebooks
from tools.exercises import Exercise
from tools.handed_in import WRITTEN_STUB
from tools.outlines import Outline, Task, bound_names, outline

MUTANTS = ROOT / "tests" / "grading" / "mutants"


@dataclass(frozen=True)
class Lab:
    """A source notebook with its exercises."""

    name: str
    number: int
    notebook: NotebookNode
    exercises: tuple[Exercise, ...]
    quick: bool = False
    """Whether to run only the cells that the exercises need, if the lab marks them."""

    @property
    def points(self) -> float:
        """Maximum points."""
        return sum(exercise.points for exercise in self.exercises)

    @cached_property
    def outline(self) -> Outline:
        """Outline of the lab without solutions, for reading submissions."""
        cells = []
        for cell in self.notebook.cells:
            role, source = exercises.role(cell), cell.source
            if role == "answer":
                source = exercises.without_solution(source)
            elif role == "written":
                source = WRITTEN_STUB
            elif role == "check":
                source = exercises.without_hidden(source).rstrip()
            cells.append((cell.cell_type, cell.get("id", ""), source))
        return outline(self.name, self.number, map(_task, self.exercises), cells)

    def steps(self) -> list[Step]:
        """Code cells in order, up to the last check."""
        answers = {id(e.answer): e for e in self.exercises if e.check is not None}
        checks = {id(e.check): e for e in self.exercises if e.check is not None}
        quick = self.quick and exercises.setup_sources(self.notebook)
        steps = []
        for number, cell in enumerate(self.notebook.cells, start=1):
            if cell.cell_type != "code":
                continue
            exercise = answers.get(id(cell)) or checks.get(id(cell))
            kind = exercises.role(cell) if exercise else "lab"
            tags = cell.metadata.get("tags", [])
            needed = exercises.SETUP_TAG in tags or cell.source == notebooks.setup_cell()
            if kind == "lab" and quick and not needed:
                continue
            steps.append(Step(number, kind, cell.source, exercise, "raises-exception" in tags))
        while steps and steps[-1].kind == "lab":
            steps.pop()
        return steps


@dataclass(frozen=True)
class Step:
    """One code cell of a lab, in order of execution."""

    number: int
    """Among all cells, from 1."""
    kind: str
    """"lab", "answer" or "check"."""
    source: str
    exercise: Exercise | None
    may_fail: bool = False


def for_check(labs: dict[int, Lab]) -> list[dict]:
    """Data for `tools.check` as JSON, with nothing that students do not have anyway."""
    made = []
    for lab in labs.values():
        steps = []
        for step in replace(lab, quick=True).steps():
            if step.source == notebooks.setup_cell():
                continue
            source = {"lab": step.source, "answer": ""}.get(step.kind)
            if source is None:
                source = exercises.without_hidden(step.source)
            grade_id = step.exercise.grade_id if step.exercise else ""
            steps.append({"kind": step.kind, "source": source, "grade_id": grade_id})
        tagged = exercises.setup_sources(lab.notebook)
        made.append({"outline": lab.outline.to_json(), "steps": steps if tagged else []})
    return made


def mutants(grade_id: str) -> list[exercises.Answer]:
    """Right and wrong answers to an exercise, which a student's check must separate."""
    return exercises.read_answers(MUTANTS / f"{grade_id}.py")


def _task(exercise: Exercise) -> Task:
    written = exercise.check is None
    names = () if written else tuple(bound_names(exercise.answer.source))
    return Task(exercise.grade_id, exercise.title, exercise.points, written, names)


def read(path: Path, *, quick: bool = False) -> Lab:
    """Read a source notebook."""
    notebook = nbformat.read(path, as_version=4)
    found = tuple(exercises.read_exercises(notebook))
    return Lab(path.stem, int(path.stem[:2]), notebook, found, quick)


def read_all(folder: Path = notebooks.NOTEBOOKS, *, quick: bool = False) -> dict[int, Lab]:
    """Read all labs with exercises, by number."""
    labs = [read(path, quick=quick) for path in notebooks.find_labs(folder=folder)]
    return {lab.number: lab for lab in labs if lab.exercises}
