"""Small notebooks to run and to check, made for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

Maker = Callable[..., Path]


def notebook(*cells: tuple[str, str]) -> NotebookNode:
    """A notebook of ("markdown" or "code", source) cells with ids c1, c2, ..."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    nodes = [make[kind](source) for kind, source in cells]
    for number, node in enumerate(nodes, start=1):
        node.id = f"c{number}"
    return nbformat.v4.new_notebook(cells=nodes)


@pytest.fixture
def make_lab(tmp_path: Path) -> Maker:
    """Writes a notebook of the given cells: `make_lab("01_name", ("code", "1 + 1"), ...)`."""
    folder = tmp_path / "notebooks"
    folder.mkdir()

    def make(name: str, *cells: tuple[str, str]) -> Path:
        path = folder / f"{name}.ipynb"
        nbformat.write(notebook(*cells), path)
        return path

    return make


@pytest.fixture(autouse=True)
def _own_pets_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """`run_labs --store` sets this variable in its process; no later test may see that."""
    monkeypatch.setenv("PETS_SOURCE", "local")
