"""Run all tests: `make test`. First the unit tests, then nbval on the notebooks.

    python -m tools.run_tests                    everything
    python -m tools.run_tests -k masks           options go to the unit tests, which run alone
    python -m tools.run_tests --only notebooks   one of the two: unit, notebooks

Both parts always run. The last lines list what was skipped and how to enable it, and the numbers of
passed, failed and skipped tests. The notebooks run in the environment of `make labs`, and only
outputs that are exact by construction are compared (nbval's lax mode).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from helpers import tfod
from helpers.environment import THREAD_SETTINGS, available_cpus
from helpers.errors import CourseError
from tools import notebooks
from tools.execution import isolated_kernel_environment

REPORTS = notebooks.ROOT / "build" / "tests"
CELL_TIMEOUT = 300
WORKERS = 2
THREADS = max(1, available_cpus() // WORKERS)
"""Threads per worker; with all CPUs for each, the workers would compete."""


@dataclass
class Part:
    """Result of one pytest run."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    status: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Number of skipped tests by reason, such as an optional part missing on this machine."""

    def __str__(self) -> str:
        text = f"{self.passed} {self.name} passed"
        if self.failed:
            text += f", {self.failed} FAILED"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def read_report(name: str, report: Path, status: int) -> Part:
    """Read the counts from a JUnit file of pytest; a missing or damaged one is a failure."""
    part = Part(name, status=status)
    try:
        suite = ET.parse(report).getroot().find("testsuite")
        count = {key: int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")}
    except (OSError, ET.ParseError, AttributeError, TypeError):
        part.failed = 1
        return part
    part.failed = count["failures"] + count["errors"]
    part.skipped = count["skipped"]
    part.passed = count["tests"] - part.failed - part.skipped
    part.reasons.update(each.get("message", "") for each in suite.iter("skipped"))
    return part


def run_pytest(name: str, arguments: list[str], environment: dict[str, str]) -> Part:
    """Run pytest in a separate process."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{name.replace(' ', '_')}.xml"
    report.unlink(missing_ok=True)
    print(f"== {name} ==", flush=True)
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
    done = subprocess.run(command, cwd=notebooks.ROOT, env=environment, check=False)
    return read_report(name, report, done.returncode)


def unit_arguments(extra: list[str]) -> list[str]:
    """Options for the unit tests: two workers by default."""
    if any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in extra):
        return extra
    return ["-n", str(WORKERS), "--dist", "loadfile", *extra]


def notebook_arguments(labs: list[Path]) -> list[str]:
    """Options for nbval, which has the last word in each cell; two labs run at a time."""
    return [
        "--nbval-lax",
        "--nbval-current-env",
        f"--nbval-cell-timeout={CELL_TIMEOUT}",
        "-n", str(WORKERS), "--dist", "loadfile", "-p", "no:cacheprovider", "-q",
        "-m", "",
        "--timeout=0",  # nbval has its own limit for each cell
        *map(str, labs),
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if all passed, 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.run_tests", add_help=False)
    parser.add_argument("--only", choices=("unit", "notebooks"))
    options, extra = parser.parse_known_args(arguments)
    start = time.monotonic()
    parts: list[Part] = []
    if options.only != "notebooks":
        environment = os.environ | dict.fromkeys(THREAD_SETTINGS, str(THREADS))
        parts.append(run_pytest("unit tests", unit_arguments(extra), environment))
    if options.only == "notebooks" or not (options.only or extra):
        try:
            labs = [lab.relative_to(notebooks.ROOT) for lab in notebooks.find_labs()]
            if not tfod.installed():
                labs = [lab for lab in labs if not lab.name.startswith("03")]
                print(f"Skipped, lab 3: TFOD2 is not installed ({tfod.INSTALL}).")
        except CourseError as error:
            print(error)
            parts.append(Part("notebook cells", failed=1, status=1))
        else:
            with isolated_kernel_environment(THREADS) as environment:
                # The stored outputs were made from the bundled data.
                environment = environment | {"PETS_SOURCE": "toy"}
                parts.append(run_pytest("notebook cells", notebook_arguments(labs), environment))

    for reason, number in sum((part.reasons for part in parts), Counter()).most_common():
        print(f"Skipped, {number}: {reason.removeprefix('Skipped: ').strip()}")
    failed = any(part.failed or part.status for part in parts)
    counts = "; ".join(map(str, parts))
    verdict = "FAILED" if failed else "PASSED"
    print(f"\n{verdict}: {counts}; {time.monotonic() - start:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
