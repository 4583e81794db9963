"""What a lab is to the reader of notebooks: its exercises, and how to recognise its own cells.

An outline contains no solution. Cells are recognised by fingerprints of their text and of their
statements; code is parsed, never run. Rests on `ast` and IPython's input transformer.
"""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from tools.untrusted import clean

MAX_PARSED = 30_000
"""Maximum length of a cell that is analysed; a longer one runs unchanged."""
MAX_MAGICS = 40


@dataclass(frozen=True)
class Task:
    """One exercise of a lab, without its solution."""

    grade_id: str
    title: str
    points: float
    written: bool = False
    names: tuple[str, ...] = ()
    """What an answer in code must define."""


@dataclass(frozen=True)
class Outline:
    """Description of a lab for the reader: its exercises, and how to recognise its own cells."""

    name: str
    number: int
    tasks: tuple[Task, ...]
    cells: frozenset[str] = frozenset()
    """Fingerprints of the course's own cells."""
    statements: frozenset[str] = frozenset()
    """Fingerprints of their statements."""
    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    """Names to which the course's cells give a value."""

    def to_json(self) -> dict:
        """Serialise as JSON, for a release without solved notebooks."""
        content = asdict(self)
        return {k: sorted(v) if isinstance(v, frozenset) else v for k, v in content.items()}

    @staticmethod
    def from_json(content: dict) -> Outline:
        """Inverse of `to_json`."""
        sets = ("cells", "statements", "ids", "names")
        tasks = tuple(Task(**{**t, "names": tuple(t["names"])}) for t in content["tasks"])
        return Outline(
            **{k: frozenset(v) if k in sets else v for k, v in content.items() if k != "tasks"},
            tasks=tasks,
        )


def outline(
    name: str, number: int, tasks: Iterable[Task], cells: Iterable[tuple[str, str, str]]
) -> Outline:
    """Build the outline of a lab.

    Args:
        name: Name of the lab, such as 01_masks.
        number: Number of the lab.
        tasks: Exercises of the lab.
        cells: Type, id and source of all cells of the course, in every edition.
    """
    prints, nodes, ids, names = set(), set(), set(), set()
    for kind, cell_id, source in cells:
        prints.add(fingerprint(source))
        ids.add(cell_id)
        if kind == "code":
            for node in statements(source) or ():
                nodes.add(node_print(node))
                names.update(bound(node))
    parts = map(frozenset, (prints, nodes, ids - {""}, names))
    return Outline(name, number, tuple(tasks), *parts)


def bound_names(source: str) -> list[str]:
    """Names bound by a cell: functions, classes, variables; not imports.

    Those of a solution are the names that its exercise asks for and a check looks up.
    """
    names: dict[str, None] = {}
    for node in statements(source) or ():
        names.update(dict.fromkeys(bound(node)))
    return [name for name in names if not name.startswith("_")]


def fingerprint(source: str) -> str:
    """Fingerprint of a cell, independent of trailing spaces."""
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:16]


def node_print(node: ast.stmt) -> str:
    """Fingerprint of a statement, independent of its layout and comments."""
    return hashlib.sha256(ast.dump(node).encode("utf-8", "replace")).hexdigest()[:16]


@cache
def _transformer() -> Any:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager()


def as_python(source: str) -> str:
    """Convert a cell to Python as IPython does: magics and shell lines become calls.

    For a cell magic that runs Python (`%%time`, `%%capture`), the body is returned.
    """
    source = re.sub(r"\A\s*%%(time|timeit|capture|prun)\b[^\n]*\n", "", source)
    if not re.search(r"^\s*[%!?]|\?\s*$|=\s*[%!]", source, re.MULTILINE):
        return source
    return _transformer().transform_cell(source)


def statements(source: str) -> list[ast.stmt] | None:
    """Statements of a cell; None if it cannot be parsed at acceptable cost."""
    if len(source) > MAX_PARSED or len(re.findall(r"^\s*[%!?]", source, re.M)) > MAX_MAGICS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(as_python(clean(source))).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bound(node: ast.stmt) -> list[str]:
    """Names bound by a statement in its own scope, in source order."""
    names: dict[str, None] = {}
    stack: list[ast.AST] = [node]
    while stack:
        part = stack.pop(0)
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[part.name] = None  # what is bound inside stays inside
        elif isinstance(
            part, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        ):
            continue
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names[part.id] = None
        else:
            stack += ast.iter_child_nodes(part)
    return list(names)
