"""Run all tests: `make test`. The unit tests, and nbval on the notebooks, in one run of pytest.

    python -m tools.run_tests                    everything
    python -m tools.run_tests -k masks           options go to the unit tests, which run alone
    python -m tools.run_tests --only notebooks   one of the two: unit, notebooks

Two workers share the files, the longest first (tests/conftest.py), so neither waits for the other.
The last lines list what was skipped and how to enable it, and the numbers of passed, failed and
skipped tests. Everything runs in the environment of `make labs`; of the notebooks' outputs, only
those that are exact by construction are compared (nbval's lax mode).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from helpers import tfod
from helpers.environment import available_cpus
from helpers.errors import CourseError, DataError
from tools import notebooks
from tools.execution import isolated_kernel_environment

REPORT = notebooks.ROOT / "build" / "tests" / "report.xml"
CELL_TIMEOUT = 600
"""Seconds for a cell of a notebook, of which the longest takes a minute on an idle machine."""
WORKERS = 2
THREADS = max(1, available_cpus() // WORKERS)
"""Threads per worker; with all CPUs for each, the workers would compete."""


@dataclass
class Part:
    """Results of the unit tests, or of the notebooks' cells."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        text = f"{self.passed} {self.name} passed"
        if self.failed:
            text += f", {self.failed} FAILED"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def read_report(report: Path) -> tuple[list[Part], Counter[str]]:
    """Read what a JUnit file of pytest says of the unit tests and of the notebooks.

    Returns:
        The parts that ran, and the number of skipped tests by reason, such as an optional part
        missing on this machine.

    Raises:
        DataError: There is no such file, or it is damaged.
    """
    parts = [Part("unit tests"), Part("notebook cells")]
    reasons: Counter[str] = Counter()
    try:
        cases = [*ET.parse(report).iter("testcase")]
    except (OSError, ET.ParseError) as error:
        raise DataError(report.name, expected="the report of pytest", found=str(error)) from error
    for case in cases:
        part = parts[case.get("classname", "").startswith("notebooks.")]
        if case.find("failure") is not None or case.find("error") is not None:
            part.failed += 1
        elif (skipped := case.find("skipped")) is not None:
            part.skipped += 1
            reasons[skipped.get("message", "").removeprefix("Skipped: ").strip()] += 1
        else:
            part.passed += 1
    return [part for part in parts if part.passed + part.failed + part.skipped], reasons


def run_pytest(arguments: list[str], environment: dict[str, str], report: Path = REPORT) -> int:
    """Run pytest in a separate process, which writes `report`; returns its exit status."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
    return subprocess.run(command, cwd=notebooks.ROOT, env=environment, check=False).returncode


def pytest_arguments(extra: list[str], labs: list[Path]) -> list[str]:
    """Options for pytest: two workers by default, and nbval with the last word in each cell."""
    options = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}"]
    options = [*options, *map(str, labs)] if labs else []
    if not any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in extra):
        options += ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
    return [*options, *extra]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if all passed, 1 otherwise.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.run_tests",
        description=__doc__.splitlines()[0],
        epilog="All other options are pytest's, for the unit tests, which then run alone.",
        allow_abbrev=False,
    )
    parser.add_argument("--only", choices=("unit", "notebooks"), help="run one of the two parts")
    options, extra = parser.parse_known_args(arguments)
    start = time.monotonic()
    labs, without = [], ""
    if options.only == "notebooks" or not (options.only or extra):
        try:
            labs = [lab.relative_to(notebooks.ROOT) for lab in notebooks.find_labs()]
        except CourseError as error:
            print(error)
            return 1
        if not tfod.installed():
            labs = [lab for lab in labs if not lab.name.startswith("03")]
            without = f"Skipped, lab 3: TFOD2 is not installed ({tfod.INSTALL})."
        if options.only != "notebooks":
            extra = ["tests"]
    with isolated_kernel_environment(THREADS) as environment:
        # The stored outputs were made from the bundled data.
        environment["PETS_SOURCE"] = "toy"
        status = run_pytest(pytest_arguments(extra, labs), environment)
    try:
        parts, reasons = read_report(REPORT)
    except DataError as error:
        parts, reasons = [], Counter()
        print(error)
    for reason, number in reasons.most_common():
        print(f"Skipped, {number}: {reason}")
    if without:
        print(without)
    failed = status != 0 or not parts or any(part.failed for part in parts)
    counts = "; ".join(map(str, parts)) or "nothing ran"
    verdict = "FAILED" if failed else "PASSED"
    print(f"\n{verdict}: {counts}; {time.monotonic() - start:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
