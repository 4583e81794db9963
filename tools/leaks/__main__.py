"""The command: run a notebook three times, compare, and say what the test split chose."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT
from helpers.errors import CourseError, DataError
from tools import leaks
from tools.leaks.verdict import Report, compare
from tools.untrusted import loads

MARK = "leaks-trace:"
SECONDS = 600


def read_cells(path: Path) -> list[tuple[int, str]]:
    """Read the code cells of a notebook with their numbers.

    Raises:
        DataError: It is not a notebook.
    """
    try:
        cells = loads(path.read_bytes())["cells"]
        return [
            (number, "".join(cell["source"]))
            for number, cell in enumerate(cells, start=1)
            if cell["cell_type"] == "code"
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        do = "Save it again in Jupyter."
        raise DataError(path.name, expected="a notebook", found=str(error), do=do) from error


def _program(cells: list[tuple[int, str]], masks: str, exchanging: bool, most: bool) -> str:
    """Source code that traces the cells and prints the result of `trace`."""
    arguments = json.dumps([cells, masks, {"exchanging": exchanging, "most": most}])
    return (
        "import json\nfrom tools.leaks.trace import trace\n"
        f"cells, masks, options = json.loads({arguments!r})\n"
        "found = trace([tuple(c) for c in cells], masks, **options)\n"
        f"print({MARK!r} + json.dumps(found))"
    )


def examine(path: Path, masks: str, *, sandboxed: bool = False) -> Report:
    """Run a notebook three times and compare.

    Args:
        path: The notebook.
        masks: Name of the variable that holds the test split's masks.
        sandboxed: Whether to use the grader's sandbox, required for the code of others.

    Raises:
        DataError: The file is not a notebook, or the runs gave nothing to compare.
    """
    cells = read_cells(path)
    run = _in_sandbox if sandboxed else _as_you
    kinds = ((False, False), (True, False), (True, True))
    return compare(*(run(_program(cells, masks, *kind)) for kind in kinds))


def _as_you(program: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=SECONDS, env={**os.environ, "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"},
    )  # fmt: skip
    return _result(done.stdout, done.stderr)


def _in_sandbox(program: str) -> dict:
    from tools.grading.sandbox import Limits
    from tools.grading.session import Session

    with Session("answers", Limits()) as session:
        reply = session.request({"op": "run", "source": program}, SECONDS)
    texts = [str(o.get("text", "")) for o in reply.get("outputs", []) if isinstance(o, dict)]
    return _result("\n".join(texts), str(reply.get("error")))


def _result(text: str, error: str) -> dict:
    for line in text.splitlines():
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    do = "Run it from top to bottom in a fresh kernel and mend the first error."
    found = error.strip()[-300:]
    raise DataError("the notebook", expected="to run to its end", found=found, do=do)


def _lines(report: Report) -> Iterator[str]:
    yield from (f"  {problem}" for problem in report.problems)
    if report.leaks:
        yield f"  the test split chose: {report.leaks[0]}"
        yield from (f"    and {each}" for each in report.leaks[1:6])
    elif not report.moved:
        yield "  no number changed with the test masks: was anything measured on the test split?"
    else:
        values = "value that was" if report.moved == 1 else "values that were"
        yield f"  nothing that was chosen moved; {report.moved} {values} measured did"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 if nothing was chosen on the test split, 1 if something was or nothing was measured, 2 if
        undetermined.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.leaks", description=leaks.__doc__.splitlines()[0]
    )
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--masks", required=True, metavar="NAME", help="the test split's masks")
    parser.add_argument("--sandbox", action="store_true", help="run it in the grader's sandbox")
    options = parser.parse_args(arguments)
    try:
        report = examine(options.notebook, options.masks, sandboxed=options.sandbox)
    except (CourseError, subprocess.TimeoutExpired) as error:
        print(f"leaks: {error}", file=sys.stderr)
        return 2
    print(f"{options.notebook}: run as it is, with {options.masks} exchanged, and with most of it")
    print("\n".join(_lines(report)))
    return 2 if report.problems else int(not report.honest)


if __name__ == "__main__":
    sys.exit(main())
