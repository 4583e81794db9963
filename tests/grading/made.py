"""A small lab with three exercises, and submissions of it, made for the tests of grading.

The lab imports NumPy and nothing else of weight, so that a sandbox is up in half a second.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import notebooks


def _cell(kind: str, source: str, grade_id: str = "", **data: object) -> NotebookNode:
    make = nbformat.v4.new_markdown_cell if kind == "written" else nbformat.v4.new_code_cell
    cell = make(source)
    cell.id = grade_id or f"cell-{abs(hash(source)) % 10**8}"
    if kind != "lab":
        flags = {
            "answer": {"grade": False, "solution": True, "locked": False},
            "check": {"grade": True, "solution": False, "locked": True},
            "written": {"grade": True, "solution": True, "locked": False},
        }[kind]
        cell.metadata["nbgrader"] = {
            "schema_version": 3, "task": False, "grade_id": grade_id, **flags, **data,
        }  # fmt: skip
    return cell


SECRET = "four-and-forty"
"""A word of the hidden check that no submission may come to see."""

CHECK_ONE = f"""\
assert double(2) == 4, f"expected 4, found {{double(2)}}"
### BEGIN HIDDEN TESTS
secret = "{SECRET}"
for number in (0, -3, 22):
    assert double(number) == 2 * number, f"{{secret}}: expected {{2 * number}}"
values = list(map(double, [1, 5]))
assert all(found == 2 * x for found, x in zip(values, [1, 5])), "several numbers"
found = np.asarray(double(grid))
assert np.array_equal(found, [[2, 4], [6, 8]]), f"expected the double of an array, found {{found}}"
### END HIDDEN TESTS
"""

CHECK_TWO = """\
score = iou(np.array([True, True]), np.array([True, False]))
assert abs(score - 0.5) < 1e-9, f"expected 0.5, found {score}"
### BEGIN HIDDEN TESTS
assert np.allclose(iou(grid > 1, grid > 2), 2 / 3), "expected 2/3 for the grid of the lab"
assert grid.sum() == 10, "the lab's grid has changed"
### END HIDDEN TESTS
"""

SETUP = "import numpy as np\nfrom helpers import metrics\ngrid = np.array([[1, 2], [3, 4]])"
DOUBLE = "def double(x):\n    return 2 * x"
IOU = "def iou(a, b):\n    return (a & b).sum() / (a | b).sum()"


def lab() -> NotebookNode:
    """The source: solutions in place, worth 3, 4 and 2 points."""
    solution = "\n".join(f"    {line}" for line in ("### BEGIN SOLUTION", "return 2 * x"))
    title = nbformat.v4.new_markdown_cell(
        "# Lab 1: made for a test\n\n## Exercises\n\n### 1. Write"
    )
    title.id = "title"
    cells = [
        title,
        _cell("lab", SETUP),
        _cell("answer", f"def double(x):\n{solution}\n    ### END SOLUTION", "lab1-ex1"),
        _cell("check", CHECK_ONE, "lab1-ex1-check", points=3),
        _cell("answer", f"### BEGIN SOLUTION\n{IOU}\n### END SOLUTION", "lab1-ex2"),
        _cell("check", CHECK_TWO, "lab1-ex2-check", points=4),
        _cell("written", "**Answer.** Because of the mask.", "lab1-ex3", points=2),
    ]  # fmt: skip
    cells[1].metadata["tags"] = ["exercise-setup"]
    cells[6].metadata["rubric"] = ["1 point: says mask", "1 point: says why"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = dict(notebooks.KERNEL)
    return notebook


def write_lab(folder: Path, source: NotebookNode | None = None) -> Path:
    """Stores the lab as notebooks/01_made.ipynb below `folder`; returns the folder of labs."""
    labs = folder / "notebooks"
    labs.mkdir(parents=True, exist_ok=True)
    nbformat.write(source or lab(), labs / "01_made.ipynb")
    return labs


def submission(first: str = DOUBLE, second: str = IOU, third: str = "Mask.") -> dict:
    """A submission with these answers, as JSON has it."""
    notebook = json.loads(nbformat.writes(copy.deepcopy(lab())))
    answers = {"lab1-ex1": first, "lab1-ex2": second, "lab1-ex3": third}
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            cell["source"] = answers[grade_id]
    return notebook


def hand_in(folder: Path, student: str, content: dict | str | bytes) -> Path:
    """Writes FOLDER/STUDENT/01_made.ipynb."""
    path = folder / student / "01_made.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
