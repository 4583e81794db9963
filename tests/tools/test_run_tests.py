"""`make test`: unit tests and notebooks share one run, and the last line tells the truth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.errors import SetupError
from tests.conftest import LONGEST_FIRST
from tools import run_tests
from tools.run_tests import Part, pytest_arguments, read_report

FAILED = '<failure message="assert 0"/>'
BROKEN = '<error message="no fixture"/>'
SKIPPED = '<skipped message="Skipped: no browser: install chromium"/>'


def write_report(path: Path, unit: list[str], cells: list[str]) -> None:
    """A report of pytest whose test cases hold these elements."""
    cases = [("tests.helpers.test_a", each) for each in unit]
    cases += [("notebooks.01_x.ipynb", each) for each in cells]
    text = "".join(f'<testcase classname="{name}">{inner}</testcase>' for name, inner in cases)
    path.write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>")


def test_counts_come_from_the_report(tmp_path):
    report = tmp_path / "r.xml"
    write_report(report, ["", FAILED, BROKEN, SKIPPED, SKIPPED], ["", ""])
    parts, reasons = read_report(report)
    assert parts == [Part("unit tests", 1, 2, 2), Part("notebook cells", 2)]
    assert [str(part) for part in parts] == [
        "1 unit tests passed, 2 FAILED, 2 skipped", "2 notebook cells passed",
    ]  # fmt: skip
    assert reasons == {"no browser: install chromium": 2}


def run_main(monkeypatch, tmp_path, *arguments: str, status: int = 0, **cases: list[str]):
    """Runs main() with pytest replaced; returns its exit status and the options for pytest."""
    given: list[list[str]] = []
    monkeypatch.setattr(run_tests, "REPORT", tmp_path / "r.xml")

    def run_pytest(options: list[str], environment: dict[str, str]) -> int:
        given.append(options)
        assert environment["PETS_SOURCE"] == "toy"
        if cases:
            write_report(tmp_path / "r.xml", cases.get("unit", []), cases.get("cells", []))
        return status

    monkeypatch.setattr(run_tests, "run_pytest", run_pytest)
    return run_tests.main(list(arguments)), given[0]


def test_everything_is_one_run(monkeypatch, tmp_path, capsys):
    status, options = run_main(monkeypatch, tmp_path, unit=["", "", SKIPPED], cells=[""])
    assert status == 0
    assert "tests" in options and "notebooks/01_masks_and_iou.ipynb" in options
    lines = capsys.readouterr().out.splitlines()
    assert "Skipped, 1: no browser: install chromium" in lines
    assert lines[-1].startswith("PASSED: 2 unit tests passed, 1 skipped; 1 notebook cells passed; ")


def test_help_is_its_own_and_runs_nothing(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        run_main(monkeypatch, tmp_path, "--help")
    assert "--only {unit,notebooks}" in capsys.readouterr().out


def test_the_files_that_take_longest_are_there(root):
    assert [name for name in LONGEST_FIRST if not (root / name).is_file()] == []


@pytest.mark.parametrize("where", ["unit", "cells"])
def test_one_failure_is_a_failure(monkeypatch, tmp_path, capsys, where):
    cases = {"unit": [""], "cells": [""]} | {where: ["", FAILED]}
    assert run_main(monkeypatch, tmp_path, **cases)[0] == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("FAILED: ") and last.count("1 FAILED") == 1


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_pytests_own_failure_counts_though_no_test_failed(monkeypatch, tmp_path, status):
    assert run_main(monkeypatch, tmp_path, status=status, unit=[""])[0] == 1


@pytest.mark.parametrize("text", [None, "", "<testsuites/>", "<testsuites><testsuite/>"])
def test_a_missing_broken_or_empty_report_is_a_failure(monkeypatch, tmp_path, text):
    if text is not None:
        (tmp_path / "r.xml").write_text(text)
    assert run_main(monkeypatch, tmp_path)[0] == 1


def test_options_go_to_the_unit_tests_alone(monkeypatch, tmp_path):
    workers = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    assert run_main(monkeypatch, tmp_path, "-k", "masks", unit=[""])[1] == [*workers, "-k", "masks"]
    options = run_main(monkeypatch, tmp_path, "--only", "notebooks", cells=[""])[1]
    assert "--nbval-lax" in options and "tests" not in options
    assert run_main(monkeypatch, tmp_path, "--only", "unit", unit=[""])[1] == workers
    assert pytest_arguments(["-n", "0"], []) == ["-n", "0"]


def test_without_tfod2_lab_3_is_left_out_and_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(run_tests.tfod, "installed", lambda: False)
    status, options = run_main(monkeypatch, tmp_path, unit=[""], cells=[""])
    assert status == 0
    assert not [word for word in options if word.startswith("notebooks/03")]
    assert "Skipped, lab 3: TFOD2 is not installed" in capsys.readouterr().out


def test_no_labs_is_a_failure(monkeypatch, capsys):
    def none() -> list[Path]:
        raise SetupError("no labs: expected files")

    monkeypatch.setattr(run_tests.notebooks, "find_labs", none)
    assert run_tests.main([]) == 1
    assert "no labs" in capsys.readouterr().out


def test_a_real_run_counts_real_tests(tmp_path):
    test = tmp_path / "test_sample.py"
    test.write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n"
        "def test_c(): pytest.skip('why')\ndef test_d(no_such_fixture): pass\n"
    )
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(tmp_path), str(test)]
    report = tmp_path / "r.xml"
    assert run_tests.run_pytest(options, dict(os.environ), report) == 1
    assert read_report(report) == ([Part("unit tests", 1, 2, 1)], {"why": 1})
