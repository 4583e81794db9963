"""The stored labs keep the linter's rules; `make test` runs nbval over them besides."""

from __future__ import annotations

import re
import subprocess
import sys

import nbformat
import pytest

from tools import lint_notebooks, notebooks, run_tests
from tools.execution import isolated_kernel_environment

LABS = sorted(notebooks.NOTEBOOKS.glob("*.ipynb"))


def test_there_are_labs_and_their_numbers_have_no_gap():
    assert notebooks.find_labs() == LABS
    assert [int(lab.name[:2]) for lab in LABS] == list(range(1, len(LABS) + 1))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_the_lab_keeps_every_rule(lab):
    problems = lint_notebooks.check(lab)
    assert not problems, "\n" + "\n".join(map(str, problems))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_the_lab_has_outputs_that_nbval_compares(lab):
    """Without a marked cell, nbval only looks whether the lab runs."""
    cells = nbformat.read(lab, as_version=4).cells
    marked = [
        cell
        for cell in cells
        if cell.cell_type == "code"
        and (
            "nbval-check-output" in cell.metadata.get("tags", [])
            or "NBVAL_CHECK_OUTPUT" in cell.source
        )
    ]
    assert marked
    assert all(cell.outputs for cell in marked)


def compared(source: str, text: str) -> nbformat.NotebookNode:
    """A cell whose stored output is `text`, and must be."""
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    cell.metadata["tags"] = ["nbval-check-output"]
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return cell


def test_nbval_compares_marked_outputs_and_no_others(tmp_path):
    free = compared("import time; print(time.time())", "0.5\n")
    del free.metadata["tags"]
    cells = [
        compared("print(6 * 7)", "42\n"),
        free,
        compared("print(6 * 7)", "43\n"),
        compared("print(6 / 0)", "42\n"),
    ]
    lab = tmp_path / "01_made.ipynb"
    notebooks.write_notebook(lab, nbformat.v4.new_notebook(cells=cells))
    with isolated_kernel_environment() as environment:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *run_tests.pytest_arguments(["-n0", "-rA"], [lab])],
            cwd=notebooks.ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    results = re.findall(r"^(PASSED|FAILED) .*01_made.ipynb::Cell (\d)", done.stdout, re.MULTILINE)
    assert sorted(results, key=lambda each: each[1]) == [
        ("PASSED", "0"), ("PASSED", "1"), ("FAILED", "2"), ("FAILED", "3"),
    ], done.stdout  # fmt: skip
