"""A source lab as grading needs it: its cells in order, and which of them is what.

Rests on `tools.exercises`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import exercises, notebooks
from tools.exercises import Exercise


@dataclass(frozen=True)
class Lab:
    """A source notebook with its exercises."""

    name: str
    number: int
    notebook: NotebookNode
    exercises: tuple[Exercise, ...]
    quick: bool = False
    """Whether only the cells are run that its exercises need, if the lab says which."""

    @property
    def points(self) -> float:
        """The most that can be had."""
        return sum(exercise.points for exercise in self.exercises)

    def steps(self) -> list[Step]:
        """Code cells in their order, up to the last check."""
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
    """One code cell on the way through a lab."""

    number: int
    """Among all cells, from 1."""
    kind: str
    """"lab", "answer" or "check"."""
    source: str
    exercise: Exercise | None
    may_fail: bool = False


def read(path: Path, *, quick: bool = False) -> Lab:
    """Reads a source notebook."""
    notebook = nbformat.read(path, as_version=4)
    found = tuple(exercises.read_exercises(notebook))
    return Lab(path.stem, int(path.stem[:2]), notebook, found, quick)


def read_all(folder: Path = notebooks.NOTEBOOKS, *, quick: bool = False) -> dict[int, Lab]:
    """The labs that have exercises, by number."""
    labs = [read(path, quick=quick) for path in notebooks.find_labs(folder=folder)]
    return {lab.number: lab for lab in labs if lab.exercises}


def bound_names(source: str) -> list[str]:
    """Names that a cell binds at its top level: functions, classes, variables; not imports.

    Those of a solution are what its exercise asks for, and a check finds them in the submission.
    """
    lines = [re.sub(r"^\s*[%!].*", "pass", line) for line in source.splitlines()]
    names: dict[str, None] = {}
    stack: list[ast.AST] = [ast.parse("\n".join(lines))]
    while stack:
        node = stack.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[node.name] = None  # what is bound inside stays inside
        elif isinstance(
            node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        ):
            continue
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = None
        else:
            stack += ast.iter_child_nodes(node)
    return [name for name in names if not name.startswith("_")]
