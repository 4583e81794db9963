"""The stored labs keep the linter's rules; `make test` runs nbval over them besides."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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


def stored_notebook(path: Path, source: str, text: str) -> Path:
    """Stores a notebook with one compared output and one that may differ."""
    compared = nbformat.v4.new_code_cell(source, execution_count=1)
    compared.metadata["tags"] = ["nbval-check-output"]
    compared.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    free = nbformat.v4.new_code_cell("import time; print(time.time())", execution_count=2)
    free.outputs = [nbformat.v4.new_output("stream", name="stdout", text="0.5\n")]
    notebooks.write_notebook(path, nbformat.v4.new_notebook(cells=[compared, free]))
    return path


def test_nbval_compares_marked_outputs_and_no_others(tmp_path):
    labs = [
        stored_notebook(tmp_path / "01_equal.ipynb", "print(6 * 7)", "42\n"),
        stored_notebook(tmp_path / "02_other.ipynb", "print(6 * 7)", "43\n"),
        stored_notebook(tmp_path / "03_fails.ipynb", "print(6 / 0)", "42\n"),
    ]
    with isolated_kernel_environment() as environment:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *run_tests.notebook_arguments(labs), "-rA"],
            cwd=notebooks.ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    results = re.findall(r"^(PASSED|FAILED) .*/(\w+).ipynb::Cell (\d)", done.stdout, re.MULTILINE)
    assert sorted(results) == [
        ("FAILED", "02_other", "0"),
        ("FAILED", "03_fails", "0"),
        ("PASSED", "01_equal", "0"),
        ("PASSED", "01_equal", "1"),
        ("PASSED", "02_other", "1"),
        ("PASSED", "03_fails", "1"),
    ], done.stdout
