"""Grading of submissions, one after the other: the processes, and what becomes of failures.

A grader starts a fresh process for each run of a submission (`attempt.py`), and keeps one for the
checks, in which the solutions of the lab have run.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools import handed_in
from tools.exercises import Exercise
from tools.grading.attempt import SOURCE_SECONDS, Attempt
from tools.grading.grades import Grade, Verdict
from tools.grading.labs import Lab
from tools.grading.sandbox import Limits, user_of
from tools.grading.session import Session, SessionError
from tools.grading.submissions import Submission, printable
from tools.handed_in import Answers
from tools.untrusted import clean


class SourceError(RuntimeError):
    """A lab of the course or one of its solutions fails, so nothing can be graded with it."""


class Grader:
    """Grades submissions one after the other, reusing one check process.

    Args:
        labs: Labs with exercises, by number.
        limits: Resource limits of a submission.
        slot: Index of this grader among those on the machine; each runs submissions as a different
            user.
        fonts: Folder of `sandbox.font_cache`.
        sandboxed: False runs submissions without a sandbox.
    """

    def __init__(
        self,
        labs: dict[int, Lab],
        limits: Limits,
        *,
        slot: int = 0,
        fonts: Path | None = None,
        sandboxed: bool = True,
    ):
        self.labs, self.limits = labs, limits
        self.outlines = {number: lab.outline for number, lab in labs.items()}
        self.options: dict[str, Any] = {"fonts": fonts, "sandboxed": sandboxed}
        self.user = user_of(slot)
        self.checks: dict[int, Session] = {}
        self.broken: dict[int, str] = {}
        """Labs of the course that do not run, and why."""

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """End the check process."""
        for session in self.checks.values():
            session.close()
        self.checks.clear()

    def grade(self, submission: Submission) -> Grade:
        """Grade a submission; never raises.

        Returns:
            The grade; `failed` if the submission could not be graded for reasons outside it.
        """
        start = time.monotonic()
        grade = Grade(submission.student, printable(submission.place), submission.key)
        try:
            self._grade(submission, grade)
        except SourceError as error:
            grade.failed, grade.verdicts, grade.lab = True, [], ""
            grade.problems = [f"Not graded: {clean(str(error))[:500]}"]
        except OSError as error:
            grade.problems.append(f"The file could not be read: {clean(str(error))[:200]}.")
        except Exception as error:
            self.close()  # whatever it was, the next submission begins anew
            grade.failed = True
            why = f"{type(error).__name__}: {error}"
            grade.problems.append(f"Grading stopped with {clean(why)[:300]}.")
        grade.seconds = round(time.monotonic() - start, 1)
        return grade

    def _grade(self, submission: Submission, grade: Grade) -> None:
        answers = handed_in.read(submission.read(), self.outlines, submission.name)
        grade.problems = [note for note in [submission.note, *answers.problems] if note]
        if answers.lab is None:
            return
        lab = self.labs[answers.lab]
        grade.lab, grade.number = lab.name, lab.number
        grade.verdicts = [_blank(exercise, answers) for exercise in lab.exercises]
        if answers.pieces:
            Attempt(self, lab, answers, grade).run()

    def answers_session(self) -> Session:
        """Start a fresh process for a submission."""
        return Session("answers", self.limits, user=self.user, **self.options)

    def checks_session(self, lab: Lab) -> Session:
        """Process in which the solutions of the lab have been run; started at the first call.

        Raises:
            SourceError: A cell of the lab fails, or one of its checks refuses the solution.
        """
        session = self.checks.get(lab.number)
        if session is not None and not session.why:
            return session
        if lab.number in self.broken:
            raise SourceError(self.broken[lab.number])
        self.close()  # those of other labs: submissions come lab by lab, and memory is dear
        limits = Limits(**{**asdict(self.limits), "notebook_seconds": 100_000})
        try:
            session = Session("checks", limits, user=self.user + 1, **self.options)
            self.checks[lab.number] = session
            self._run_source(lab, session)
        except (SourceError, SessionError) as error:
            self.close()
            self.broken[lab.number] = f"{lab.name}: {error}"
            raise SourceError(self.broken[lab.number]) from error
        return session

    def _run_source(self, lab: Lab, session: Session) -> None:
        for step in lab.steps():
            if step.kind == "check":
                session.request({"op": "keep", "key": step.exercise.grade_id}, 60)
            reply = session.request({"op": "run", "source": step.source}, SOURCE_SECONDS)
            if not reply["ok"] and not step.may_fail:
                error = reply["error"]
                reason = f"{error['ename']}: {error['evalue']}"
                raise SourceError(f"cell {step.number} of the course fails: {reason}")

    def drop_checks(self, lab: Lab) -> None:
        """End the check process of a lab; the next submission gets a new one."""
        if session := self.checks.pop(lab.number, None):
            session.close()


def _blank(exercise: Exercise, answers: Answers) -> Verdict:
    """Initial verdict, before any run."""
    answer = answers.sources.get(exercise.grade_id)
    verdict = Verdict(
        exercise.grade_id, exercise.title, "written" if exercise.check is None else "code", 0,
        exercise.points, answer or "", rubric=exercise.rubric,
    )  # fmt: skip
    if answer is None:
        verdict.message = "There is no answer to this exercise."
    elif exercise.check is not None:
        verdict.message = "The exercise was not reached."
    elif answer:
        verdict.points = None
    else:
        verdict.message = "The answer is empty."
    return verdict
