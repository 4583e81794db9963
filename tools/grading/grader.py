"""Grades one submission: runs it, checks it, and says what every exercise is worth.

The source lab is taken as it is, with the student's answers in place of the solutions; cells that
a student added or changed elsewhere do not count. A cell that hangs is interrupted, and one that
takes the process with it is left out when the lab is run again, so that it costs its exercise and
not the rest. A check whose answer hangs does the same.
"""

from __future__ import annotations

import copy
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tools.exercises import Exercise, without_hidden
from tools.grading import submissions
from tools.grading.labs import Lab, Step, bound_names
from tools.grading.sandbox import Limits, user_of
from tools.grading.session import WALL, Session, SessionError
from tools.grading.submissions import Answers, Submission

MAX_RESTARTS = 6
SOURCE_SECONDS = 900
CHECK_GRACE_SECONDS = 20
"""A check may take so much longer than the answer that it calls."""


@dataclass
class Verdict:
    """What came of one exercise."""

    grade_id: str
    title: str
    kind: str
    points: float | None
    """None for a written answer that nobody has read yet."""
    most: float
    answer: str = ""
    message: str = ""
    """Why points are missing, for the student."""
    hidden: bool = False
    """Whether the line that failed is one that students do not see."""
    outputs: list[dict] = field(default_factory=list)
    rubric: list[str] = field(default_factory=list)


@dataclass
class Grade:
    """What came of one submission."""

    student: str
    file: str
    key: str
    lab: str = ""
    number: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def points(self) -> float:
        """Points so far, without written answers that nobody has read."""
        return sum(verdict.points or 0 for verdict in self.verdicts)

    @property
    def most(self) -> float:
        """The most that could be had."""
        return sum(verdict.most for verdict in self.verdicts)

    @property
    def unread(self) -> int:
        """Written answers without points."""
        return sum(verdict.points is None for verdict in self.verdicts)

    def to_json(self) -> str:
        """As text, to be kept between runs."""
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> Grade:
        """The way back."""
        content = json.loads(text)
        content["verdicts"] = [Verdict(**verdict) for verdict in content["verdicts"]]
        return Grade(**content)


class SourceError(RuntimeError):
    """The course's own lab or one of its own solutions fails: nothing can be graded with it."""


class Grader:
    """Grades submissions one after the other and keeps the checks processes between them.

    Args:
        labs: labs with exercises, by number.
        limits: what a submission may use.
        slot: which of several graders on this machine; each runs submissions as another user.
        fonts: folder of `sandbox.font_cache`.
        sandboxed: False grades without walls round the submissions.
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
        self.options: dict[str, Any] = {"fonts": fonts, "sandboxed": sandboxed}
        self.user = user_of(slot)
        self.checks: dict[int, Session] = {}

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: Any) -> None:
        for session in self.checks.values():
            session.close()
        self.checks.clear()

    def grade(self, submission: Submission) -> Grade:
        """Grades a submission. What is in the file never raises.

        Raises:
            SourceError: the course's own lab does not run.
        """
        start = time.monotonic()
        grade = Grade(submission.student, submission.path.name, submission.key)
        answers = submissions.read(submission.path, self.labs)
        grade.problems = answers.problems
        if answers.lab is not None:
            lab = self.labs[answers.lab]
            grade.lab, grade.number = lab.name, lab.number
            grade.verdicts = [_blank(exercise, answers) for exercise in lab.exercises]
            if any(e.check is not None and e.grade_id in answers.sources for e in lab.exercises):
                _Attempt(self, lab, answers, grade).run()
        grade.seconds = round(time.monotonic() - start, 1)
        return grade

    def answers_session(self) -> Session:
        """A fresh process for a submission."""
        return Session("answers", self.limits, user=self.user, **self.options)

    def checks_session(self, lab: Lab) -> Session:
        """The process in which the lab's own solutions have been run; made at the first call.

        Raises:
            SourceError: a cell of the lab fails, or one of its checks refuses its own solution.
        """
        session = self.checks.get(lab.number)
        if session is not None and not session.why:
            return session
        limits = Limits(**{**asdict(self.limits), "notebook_seconds": 100_000})
        session = Session("checks", limits, user=self.user + 1, **self.options)
        self.checks[lab.number] = session
        for step in lab.steps():
            if step.kind == "check":
                session.request({"op": "keep", "key": step.exercise.grade_id}, 60)
            reply = session.request({"op": "run", "source": step.source}, SOURCE_SECONDS)
            if not reply["ok"] and not step.may_fail:
                error = reply["error"]
                raise SourceError(
                    f"{lab.name}, cell {step.number} of the course fails: "
                    f"{error['ename']}: {error['evalue']}"
                )
        return session

    def drop_checks(self, lab: Lab) -> None:
        """Ends the checks process of a lab; the next submission gets a new one."""
        if session := self.checks.pop(lab.number, None):
            session.close()


def _blank(exercise: Exercise, answers: Answers) -> Verdict:
    """The verdict before anything has run."""
    answer = answers.sources.get(exercise.grade_id)
    verdict = Verdict(
        exercise.grade_id, exercise.title, "written" if exercise.check is None else "code", 0,
        exercise.points, answer or "", rubric=exercise.rubric,
    )  # fmt: skip
    if answer is None:
        verdict.message = "There is no answer cell for this exercise."
    elif exercise.check is None:
        verdict.points = None
    else:
        verdict.message = "The exercise was not reached."
    return verdict


class _Attempt:
    """One submission on its way through a lab."""

    def __init__(self, grader: Grader, lab: Lab, answers: Answers, grade: Grade):
        self.grader, self.lab, self.answers, self.grade = grader, lab, answers, grade
        self.verdicts = {verdict.grade_id: verdict for verdict in grade.verdicts}
        self.left_out: set[str] = set()
        """Answers that took the process with them; they are not run again."""
        self.open = {
            e.grade_id
            for e in lab.exercises
            if e.check is not None and e.grade_id in answers.sources
        }
        """Exercises without a verdict."""
        self.current: str | None = None
        """The answer that ran last: the one to blame if the process ends."""
        self.deadline = 0.0

    def run(self) -> None:
        """Runs the lab, again and again while an answer takes the process with it."""
        self.grader.checks_session(self.lab)  # its time is not the student's
        self.deadline = time.monotonic() + self.grader.limits.notebook_seconds
        for _ in range(MAX_RESTARTS):
            why = self._once()
            if not why or not self.open:
                return
            if self.current is None or self.current in self.left_out:
                break  # not the last answer's doing, so leaving it out does not help
            self.left_out.add(self.current)
        for grade_id in self.open:
            self.verdicts[grade_id].message = f"Not reached: the process {why}."

    def _once(self) -> str:
        """Runs the lab from the top.

        Returns:
            Why it did not come to its end; empty if it did.
        """
        self.current = None
        session = None
        try:
            session = self.grader.answers_session()
            for step in self.lab.steps():
                if time.monotonic() > self.deadline:
                    limit = self.grader.limits.notebook_seconds
                    raise SessionError(f"as a whole took longer than {limit:.0f} s")
                {"lab": self._lab, "answer": self._answer, "check": self._check}[step.kind](
                    session, step
                )
            return ""
        except SessionError as error:
            if self.current in self.open and time.monotonic() < self.deadline:
                self._decide(self.current, 0, f"Running this answer, the process {error}.")
            return str(error)
        finally:
            if session is not None:
                self.grade.peak_mb = max(self.grade.peak_mb, round(session.peak_mb))
                session.close()

    def _seconds(self, most: float) -> float:
        return max(0.1, min(most, self.deadline - time.monotonic()))

    def _decide(self, grade_id: str, points: float, message: str, hidden: bool = False) -> None:
        verdict = self.verdicts[grade_id]
        verdict.points, verdict.message, verdict.hidden = points, message, hidden
        self.open.discard(grade_id)

    def _lab(self, session: Session, step: Step) -> None:
        """A cell of the course; what it shows is in the lab already."""
        session.request({"op": "run", "source": step.source}, self._seconds(SOURCE_SECONDS))

    def _answer(self, session: Session, step: Step) -> None:
        grade_id = step.exercise.grade_id
        source = self.answers.sources.get(grade_id)
        if source is None or grade_id in self.left_out:
            return
        self.current = grade_id
        seconds = self._seconds(self.grader.limits.cell_seconds)
        reply = session.request({"op": "run", "source": source}, seconds)
        if grade_id not in self.open:
            return
        verdict = self.verdicts[grade_id]
        outputs = reply.get("outputs")
        verdict.outputs = copy.deepcopy(outputs) if isinstance(outputs, list) else []
        verdict.message = ""
        if "interrupted" in reply:
            verdict.message = f"The answer {reply['interrupted']} and was interrupted."
        elif isinstance(error := reply.get("error"), dict):
            name, text = str(error.get("ename"))[:80], str(error.get("evalue"))[:500]
            verdict.message = f"The answer stops with {name}: {text}"

    def _check(self, session: Session, step: Step) -> None:
        """Decides an exercise, and then runs what students see of the check, as they did."""
        grade_id = step.exercise.grade_id
        if grade_id in self.left_out or grade_id not in self.answers.sources:
            return
        if grade_id in self.open:
            self._verdict(session, step)
        shown = without_hidden(step.source)
        session.request({"op": "run", "source": shown}, self._seconds(self._cell_seconds()))

    def _cell_seconds(self) -> float:
        return self.grader.limits.cell_seconds

    def _verdict(self, session: Session, step: Step) -> None:
        """Runs a check; the verdict comes from the checks process alone."""
        exercise = step.exercise
        checks = self.grader.checks_session(self.lab)
        seconds = self._seconds(self._cell_seconds())
        end = time.monotonic() + WALL * seconds
        lost: list[SessionError] = []

        def answer(ask: dict) -> dict:
            """Passes on what the check asks, or what it replies to a function it gave away."""
            if lost:
                return {"stopped": f"the process {lost[0]}"}
            try:
                left = max(0.1, end - time.monotonic())
                reply = session.request(ask.get("reply", ask), seconds, wall=left)
            except SessionError as error:
                lost.append(error)
                return {"stopped": f"the process {error}"}
            if "interrupted" in reply:
                return {"stopped": f"the answer took longer than {seconds:.0f} s"}
            return reply

        message = {
            "op": "check",
            "key": exercise.grade_id,
            "source": step.source,
            "names": bound_names(exercise.answer.source),
        }
        try:
            wall = WALL * seconds + CHECK_GRACE_SECONDS
            reply = checks.request(message, seconds + CHECK_GRACE_SECONDS, answer, wall=wall)
        except SessionError:  # an answer that never stops giving values, one after the other
            self.grader.drop_checks(self.lab)
            reply = {"ok": False, "message": f"the check took longer than {seconds:.0f} s"}
        if lost:
            raise lost[0]
        if reply["ok"] is True:
            self._decide(exercise.grade_id, exercise.points, "")
        else:
            said = self.verdicts[exercise.grade_id].message
            why = ". ".join(text.rstrip(".") for text in (said, _sentence(reply)) if text)
            self._decide(exercise.grade_id, 0, why, bool(reply.get("hidden")))


def _sentence(reply: dict) -> str:
    """What a failed check says, for the student."""
    kind, message = reply.get("kind", ""), reply.get("message", "")
    if kind in ("AssertionError", "AnswerError", ""):
        return message or "The check fails."
    return f"{kind}: {message}"
