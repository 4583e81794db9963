"""Mutation test of the labs' checks: wrong answers must be refused, right ones accepted.

    python -m tests.grading.mutation                 all answers, and the figures
    python -m tests.grading.mutation lab1-ex3        one exercise
    python -m tests.grading.mutation --verbose       with what each check said

`mutants/GRADE_ID.py` holds answers to one exercise as a student could write them, each under a line
such as `# %% wrong no_union: The union is left out.`: wrong ones with a plausible mistake, which
the line names, and right ones, written in different ways. They run with the check of the notebook,
one after the other in a process of their own, after the cells tagged `exercise-setup` and the model
answers to the exercises before.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import functools
import io
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np

from tools import exercises, notebooks
from tools.exercises import Answer
from tools.exercises import read_answers as read
from tools.grading.attempt import judged
from tools.outlines import bound_names

MUTANTS = Path(__file__).resolve().parent / "mutants"
ENOUGH = 0.9
"""Share of wrong answers that a student's own check must refuse to count as right here."""
SECONDS = 60
"""Processor time that an answer and its check may take together: a busy machine costs nothing."""


@dataclass(frozen=True)
class Verdict:
    """What the checks made of one answer."""

    exercise: str
    answer: str
    should_be: bool
    """Whether the answer deserves its points."""
    visible: str
    """What the visible checks said; "" if they passed."""
    all: str
    """What all checks said; "" if they passed."""

    @property
    def accepted(self) -> bool:
        """Whether the answer gets its points."""
        return not self.all


def exercise_files(wanted: list[str] | None = None) -> list[Path]:
    """The files of the exercises that have mutants, in order."""
    return [path for path in sorted(MUTANTS.glob("*.py")) if not wanted or path.stem in wanted]


def lab_of(grade_id: str) -> Path:
    """The notebook of an exercise such as lab1-ex3."""
    return notebooks.find_labs([grade_id.removeprefix("lab").split("-")[0]])[0]


def run(grade_id: str, answers: list[Answer]) -> list[Verdict]:
    """Runs answers of one exercise in a process of their own, and in a new one after a crash.

    Raises:
        RuntimeError: the exercise itself cannot be prepared.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "Agg"}
    found: list[Verdict] = []
    while len(found) < len(answers):
        command = [sys.executable, "-m", "tests.grading.mutation", "--worker", grade_id]
        done = subprocess.run(
            command,
            input=json.dumps([answer.source for answer in answers[len(found) :]]),
            cwd=notebooks.ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        if not rows:
            raise RuntimeError(f"{grade_id} could not be prepared:\n{done.stderr[-2000:]}")
        for visible, every in rows[1:]:
            answer = answers[len(found)]
            found.append(Verdict(grade_id, answer.name, answer.right, visible, every))
        if done.returncode:
            answer = answers[len(found)]
            words = f"the process was ended by signal {-done.returncode}"
            found.append(Verdict(grade_id, answer.name, answer.right, words, words))
    return found


# --- inside the process of an exercise ----------------------------------------------------------


def prepared(grade_id: str) -> tuple[dict, exercises.Exercise, list[exercises.Exercise]]:
    """The names that an answer finds, its exercise, and all exercises of the lab."""
    notebook = nbformat.read(lab_of(grade_id), as_version=4)
    names: dict = {"__name__": "__main__"}
    sources = exercises.setup_sources(notebook)
    found = exercises.read_exercises(notebook)
    for exercise in found:
        if exercise.grade_id == grade_id:
            for source in sources:
                exec(compile(source, "set-up", "exec"), names)
            return names, exercise, found
        if exercise.check is not None:
            sources.append(exercise.answer.source)
    raise SystemExit(f"no exercise {grade_id} in the labs")


def judge(exercise: exercises.Exercise, others: list[exercises.Exercise], names: dict) -> str:
    """What a check that a student wrote makes of the answers that it must tell apart.

    Returns:
        A mistake that it accepts, if it accepts more than a tenth; "" if not.
    """
    answers = read(MUTANTS / f"{exercise.judged_on}.py")
    asked = next(other for other in others if other.grade_id == exercise.judged_on)
    test = names[bound_names(exercise.answer.source)[-1]]
    target = bound_names(asked.answer.source)[-1]
    refused = []
    for answer in answers:
        own = dict(names)
        exec(compile(answer.source, "mutant", "exec"), own)
        try:
            test(own[target])
        except Exception as error:
            refused.append(f"{type(error).__name__}: {error}")
        else:
            refused.append(None)
    share, said = judged(answers, refused)
    return said if share < ENOUGH else ""


def outcome(
    answer: str, check: str, names: dict, judging: Callable[[dict], str] | None = None
) -> str:
    """What a check says about an answer; "" if it passed.

    Args:
        answer: Source of the answer.
        check: Source of the check.
        names: What the answer finds.
        judging: What else decides, given the names that are there then.
    """
    plain = (np.ndarray, list, dict, set, tuple)
    names = {
        name: copy.deepcopy(value) if isinstance(value, plain) and name != "__builtins__" else value
        for name, value in names.items()
    }
    before = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(answer, "answer", "exec"), names)
            exec(compile(check, "check", "exec"), names)
            return judging(names) if judging else ""
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return ""


def _too_long(*_: object) -> None:
    raise TimeoutError(f"the answer and its check took longer than {SECONDS} s")


def work(grade_id: str, sources: list[str]) -> None:
    """Runs answers to one exercise; prints a line when prepared, and each verdict, as JSON."""
    with contextlib.redirect_stdout(io.StringIO()):
        names, exercise, others = prepared(grade_id)
    check = exercise.check.source
    judging = functools.partial(judge, exercise, others) if exercise.judged_on else None
    print(json.dumps("prepared"), flush=True)
    for source in sources:
        visible = outcome(source, exercises.without_hidden(check), names)
        words = [visible, outcome(source, check, names, judging)]
        print(json.dumps(words), flush=True)


# --- figures ------------------------------------------------------------------------------------


def verdicts(wanted: list[str] | None = None) -> Iterator[list[Verdict]]:
    """The verdicts on all answers, exercise by exercise."""
    for path in exercise_files(wanted):
        yield run(path.stem, read(path))


def main() -> int:
    """Runs the command line.

    Returns:
        0 if at least 95 % of the wrong answers are refused and all right ones accepted, else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exercises", nargs="*", help="such as lab1-ex3; all if left out")
    parser.add_argument("--verbose", action="store_true", help="say what each check said")
    parser.add_argument("--worker", metavar="GRADE_ID", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, json.load(sys.stdin))
        return 0
    wrong = refused = by_visible = right = accepted = 0
    for group in verdicts(options.exercises):
        bad = [verdict for verdict in group if not verdict.should_be]
        good = [verdict for verdict in group if verdict.should_be]
        counts = [sum(not v.accepted for v in bad), sum(bool(v.visible) for v in bad)]
        passed = sum(v.accepted for v in good)
        print(
            f"{group[0].exercise:<10} wrong: {len(bad):2}, refused {counts[0]:2}, {counts[1]:2} of "
            f"them by a visible check; right: {len(good)}, accepted {passed}",
            flush=True,
        )
        for verdict in group:
            if verdict.accepted != verdict.should_be or options.verbose:
                mark = "ok " if verdict.accepted == verdict.should_be else "BAD"
                print(f"  {mark} {verdict.answer}: {verdict.all.splitlines()[:1] or 'accepted'}")
        wrong, refused, by_visible = wrong + len(bad), refused + counts[0], by_visible + counts[1]
        right, accepted = right + len(good), accepted + passed
    share = refused / wrong if wrong else 0
    print(
        f"{refused} of {wrong} wrong answers refused ({share:.1%}; {by_visible} by visible checks)"
    )
    print(f"{accepted} of {right} right answers accepted")
    return int(share < 0.95 or accepted < right)


if __name__ == "__main__":
    sys.exit(main())
