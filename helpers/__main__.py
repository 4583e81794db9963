"""Commands for students: `python -m helpers check 2`.

    python -m helpers check 2                 which exercises of lab 2 pass in your notebook
    python -m helpers check my_lab2.ipynb     the same for a file

Only the checks that you see are run; a grader runs more, with other inputs.
"""

from __future__ import annotations

import argparse
import sys

from helpers.checking import Outcome, check, find_notebook
from helpers.errors import SetupError

MARKS = {True: "pass", False: "FAIL", None: "read"}


def show(outcomes: list[Outcome]) -> str:
    """The outcomes as a table in text."""
    lines = []
    for outcome in outcomes:
        lines.append(f"  {MARKS[outcome.passed]}  {outcome.exercise:<9} {outcome.title}".rstrip())
        if outcome.message:
            lines += [f"        {line}" for line in outcome.message.splitlines()[:8]]
    code = [outcome for outcome in outcomes if outcome.passed is not None]
    passed = sum(outcome.passed for outcome in code)
    lines.append(f"{passed} of {len(code)} pass; a grader runs more checks, with other inputs.")
    if len(code) < len(outcomes):
        lines.append(f"{len(outcomes) - len(code)} written, which a person reads.")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        0 if every check passes, 1 if not, 2 if nothing could be checked.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check", help="run the visible checks of your own notebook")
    one.add_argument("lab", help="number of the lab, or a notebook")
    one.add_argument("--seconds", type=float, default=60, help="time for all of it (60)")
    options = parser.parse_args(arguments)
    try:
        path = find_notebook(options.lab)
        print(f"{path.name}: running what its exercises need")
        outcomes = check(path, seconds=options.seconds)
    except SetupError as error:
        print(f"helpers: {error}", file=sys.stderr)
        return 2
    print(show(outcomes))
    return int(any(outcome.passed is False for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
