"""`make test`: both parts run, and the last line tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.errors import SetupError
from tools import run_tests
from tools.run_tests import Part, read_report, unit_arguments

SUITE = '<testsuites><testsuite tests="{}" failures="{}" errors="{}" skipped="{}"/></testsuites>'


def test_counts_come_from_the_report(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text(SUITE.format(10, 1, 2, 3))
    part = read_report("unit tests", report, 1)
    assert (part.passed, part.failed, part.skipped) == (4, 3, 3)
    assert str(part) == "4 unit tests passed, 3 FAILED, 3 skipped"


@pytest.mark.parametrize(
    "text", [None, "", "<testsuites/>", "<testsuites><testsuite/></testsuites>"]
)
def test_a_missing_or_broken_report_is_a_failure(tmp_path, text):
    report = tmp_path / "r.xml"
    if text is not None:
        report.write_text(text)
    assert read_report("unit tests", report, 0).failed == 1


def run_main(monkeypatch, parts: list[Part], *arguments: str) -> tuple[int, list[str]]:
    """Runs main() with pytest replaced by given results; returns status and the parts' names."""
    ran: list[str] = []

    def run_pytest(name: str, options: list[str], environment: dict[str, str]) -> Part:
        ran.append(name)
        return parts.pop(0)

    monkeypatch.setattr(run_tests, "run_pytest", run_pytest)
    monkeypatch.setattr(
        run_tests.notebooks,
        "find_labs",
        lambda: [run_tests.notebooks.ROOT / "notebooks/01_x.ipynb"],
    )
    return run_tests.main(list(arguments)), ran


def test_both_parts_run_even_if_the_first_fails(monkeypatch, capsys):
    parts = [Part("unit tests", 3, 1, 0, 1), Part("notebook cells", 5)]
    status, ran = run_main(monkeypatch, parts)
    assert (status, ran) == (1, ["unit tests", "notebook cells"])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("FAILED: 3 unit tests passed, 1 FAILED; 5 notebook cells passed; ")


def test_all_passed(monkeypatch, capsys):
    parts = [Part("unit tests", 3, skipped=1), Part("notebook cells", 5)]
    assert run_main(monkeypatch, parts)[0] == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("PASSED: 3 unit tests passed, 1 skipped; 5 notebook cells passed; ")


def test_what_was_skipped_is_said_once_with_how_to_have_it(tmp_path, monkeypatch, capsys):
    report = tmp_path / "r.xml"
    skipped = '<testcase><skipped message="no browser: install chromium"/></testcase>'
    suite = '<testsuite tests="3" failures="0" errors="0" skipped="2">'
    report.write_text(f"<testsuites>{suite}{skipped * 2}<testcase/></testsuite></testsuites>")
    part = read_report("unit tests", report, 0)
    assert run_main(monkeypatch, [part, Part("notebook cells", 5)])[0] == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Skipped")] == [
        "Skipped, 2: no browser: install chromium"
    ]


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_pytests_own_failure_counts_though_no_test_failed(monkeypatch, status):
    parts = [Part("unit tests", 3, status=status), Part("notebook cells", 5)]
    assert run_main(monkeypatch, parts)[0] == 1


def test_options_go_to_the_unit_tests_alone(monkeypatch):
    assert run_main(monkeypatch, [Part("unit tests", 1)], "-k", "masks")[1] == ["unit tests"]
    parts = [Part("notebook cells", 1)]
    assert run_main(monkeypatch, parts, "--only", "notebooks")[1] == ["notebook cells"]
    assert unit_arguments(["-k", "x"]) == ["-n", "2", "--dist", "loadfile", "-k", "x"]
    assert unit_arguments(["-n", "0"]) == ["-n", "0"]


def test_no_labs_is_a_failure(monkeypatch, capsys):
    def none() -> list[Path]:
        raise SetupError("no labs: expected files")

    monkeypatch.setattr(run_tests, "run_pytest", lambda *_: Part("unit tests", 1))
    monkeypatch.setattr(run_tests.notebooks, "find_labs", none)
    assert run_tests.main([]) == 1
    assert "no labs" in capsys.readouterr().out


def test_a_real_run_counts_real_tests(tmp_path, monkeypatch):
    test = tmp_path / "test_sample.py"
    test.write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n"
        "def test_c(): pytest.skip('why')\n"
    )
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)
    import os

    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(tmp_path), str(test)]
    part = run_tests.run_pytest("sample", options, dict(os.environ))
    assert (part.passed, part.failed, part.skipped, part.status) == (1, 1, 1, 1)
