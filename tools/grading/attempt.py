"""Grading of one submission: run it, check it, and award points for each exercise.

The source lab is run with the student's answers in place of the solutions, each preceded by the
cells that the student added; all other cells are those of the course. A cell that hangs is
interrupted, and one that kills the process is omitted when the lab is run again, so that it affects
only its own exercise. The same holds for a check whose answer hangs.

Cell outputs enter the feedback only from a run in which no hidden test has called an answer yet: an
answer could record hidden inputs and print them in the next exercise.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from tools import exercises
from tools.exercises import Exercise
from tools.grading import labs as source
from tools.grading.grades import Grade
from tools.grading.labs import Lab, Step
from tools.grading.session import WALL, Session, SessionError
from tools.handed_in import Answers, Piece
from tools.outlines import bound_names
from tools.untrusted import clean

if TYPE_CHECKING:
    from tools.grading.grader import Grader

MAX_RESTARTS = 8
SOURCE_SECONDS = 900
CHECK_GRACE_SECONDS = 20
"""A check may take so much longer than the answer that it calls."""
MAX_OUTPUTS = 20
MAX_SHOWN = 3_000_000
"""Characters of all outputs of an answer that are kept."""
SHOWN_KINDS = ("image/png", "image/jpeg", "text/html", "text/plain")


def shown_outputs(reply: dict) -> list[dict]:
    """Normalise the outputs of a cell to text and pictures, whatever the process sent."""
    found = reply.get("outputs")
    outputs: list[dict] = []
    room = MAX_SHOWN
    for output in found[:MAX_OUTPUTS] if isinstance(found, list) else []:
        plain = _plain_output(output) if isinstance(output, dict) else {}
        room -= sum(len(value) for value in plain.values() if isinstance(value, str))
        room -= sum(map(len, plain.get("data", {}).values()))
        if plain and room > 0:
            outputs.append(plain)
    return outputs


def _plain_output(output: dict) -> dict:
    """Reduce one output to the displayed fields, all of them text."""
    if isinstance(data := output.get("data"), dict):
        kept = {k: clean(data[k]) for k in SHOWN_KINDS if isinstance(data.get(k), str)}
        plain: dict = {"output_type": "display_data", "data": kept}
        metadata = output.get("metadata")
        for place in (metadata, metadata.get("image/png") if isinstance(metadata, dict) else None):
            if isinstance(place, dict) and isinstance(alt := place.get("alt"), str):
                plain["alt"] = clean(alt)[:500]
        return plain if kept else {}
    if output.get("output_type") == "error":
        text = output.get("traceback")
        lines = text if isinstance(text, list) else [text]
        return {"output_type": "error", "text": clean("\n".join(map(str, lines[:200])))[:100_000]}
    text = output.get("text")
    return {"output_type": "stream", "text": clean(text)} if isinstance(text, str) else {}


def _trouble(reply: dict) -> str:
    """Reason why a cell stopped, for the student; empty if it did not."""
    if "interrupted" in reply:
        return f"{reply['interrupted']} and was interrupted"
    if isinstance(error := reply.get("error"), dict):
        name, text = clean(str(error.get("ename")))[:80], clean(str(error.get("evalue")))[:500]
        if name == "MemoryError" and not text.strip():
            text = "it asks for more memory than there is"
        return f"stops with {name}: {text}"
    return ""


class Attempt:
    """State of one submission while its lab runs."""

    def __init__(self, grader: Grader, lab: Lab, answers: Answers, grade: Grade):
        self.grader, self.lab, self.answers, self.grade = grader, lab, answers, grade
        self.verdicts = {verdict.grade_id: verdict for verdict in grade.verdicts}
        self.left_out: set[Piece] = set()
        """Cells that took the process with them; they are not run again."""
        self.open = set(answers.pieces)
        """Exercises without a verdict."""
        self.current: tuple[str, Piece] | None = None
        """The exercise and the cell that ran last: the one to blame if the process ends."""
        self.messages: dict[str, str] = {}
        """Message of the check of each exercise."""
        self.trouble: dict[str, str] = {}
        """What stopped the cells of each exercise."""
        self.called = False
        """Whether a hidden check has called an answer of the process that runs."""
        self.unshown: set[str] = set()
        """Exercises whose outputs came from a process that had seen hidden inputs."""
        self.slow = ""
        """That the answer was interrupted while the present check called it; else empty."""
        self.deadline = 0.0

    def run(self) -> None:
        """Run the lab, repeatedly while an answer kills the process."""
        self.grader.checks_session(self.lab)  # its time is not the student's
        self.deadline = time.monotonic() + self.grader.limits.notebook_seconds
        why = self._until_decided()
        for grade_id in self.open:
            self.messages[grade_id] = f"Not reached: the process {why}."
        if self.unshown and time.monotonic() < self.deadline:
            self._once(deciding=False)
        for grade_id in self.answers.pieces:
            verdict = self.verdicts[grade_id]
            if verdict.points != verdict.most:
                parts = [self.trouble.get(grade_id, ""), self.messages.get(grade_id, "")]
                verdict.message = " ".join(p.rstrip(".") + "." for p in parts if p)
            else:
                verdict.message = ""

    def _until_decided(self) -> str:
        why = ""
        for _ in range(MAX_RESTARTS):
            why = self._once()
            if not why or not self.open or self.current is None:
                return why
            if self.current[1] in self.left_out:
                return why  # not the last cell's doing, so leaving it out does not help
            self.left_out.add(self.current[1])
        return why

    def _once(self, *, deciding: bool = True) -> str:
        """Run the lab from the top.

        Args:
            deciding: False only collects cell outputs, without hidden tests.

        Returns:
            Reason why the run was incomplete; empty if it was complete.
        """
        self.current, self.called = None, False
        session = None
        try:
            session = self.grader.answers_session()
            for step in self.lab.steps():
                if time.monotonic() > self.deadline:
                    limit = self.grader.limits.notebook_seconds
                    raise SessionError(f"as a whole took longer than {limit:.0f} s")
                if step.kind == "lab":
                    request = {"op": "run", "source": step.source}
                    session.request(request, self._seconds(SOURCE_SECONDS))
                elif step.exercise.grade_id not in self.answers.pieces:
                    continue
                elif step.kind == "answer":
                    self._answer(session, step.exercise.grade_id, deciding)
                else:
                    self._check(session, step, deciding)
            return ""
        except SessionError as error:
            if deciding and self.current and time.monotonic() < self.deadline:
                self._blame(*self.current, error)
            return str(error)
        finally:
            if session is not None:
                self.grade.peak_mb = max(self.grade.peak_mb, round(session.peak_mb))
                session.close()

    def _blame(self, grade_id: str, piece: Piece, error: SessionError) -> None:
        """Assign the end of the process to the cell that ran last."""
        if grade_id not in self.open:
            return
        if piece.added:
            self.trouble[grade_id] = f"Running cell {piece.cell}, which you added, it {error}"
        else:
            self._decide(grade_id, 0, f"Running this answer, the process {error}")

    def _seconds(self, most: float | None = None) -> float:
        most = self.grader.limits.cell_seconds if most is None else most
        return max(0.1, min(most, self.deadline - time.monotonic()))

    def _decide(self, grade_id: str, points: float, message: str, hidden: bool = False) -> None:
        verdict = self.verdicts[grade_id]
        verdict.points, verdict.hidden = points, hidden
        self.messages[grade_id] = message
        self.open.discard(grade_id)

    def _answer(self, session: Session, grade_id: str, deciding: bool) -> None:
        """Run the cells of an exercise: those added to it, and the answer."""
        outputs, trouble = [], []
        for piece in self.answers.pieces[grade_id]:
            if piece in self.left_out:
                continue
            self.current = (grade_id, piece)
            reply = session.request({"op": "run", "source": piece.source}, self._seconds())
            if not piece.added:
                outputs += shown_outputs(reply)
            if reason := _trouble(reply):
                what = f"Cell {piece.cell}, which you added," if piece.added else "The answer"
                trouble.append(f"{what} {reason}")
        if deciding and self.called and (outputs or trouble):
            self.unshown.add(grade_id)
        elif deciding or grade_id in self.unshown:
            self.verdicts[grade_id].outputs = outputs
            if trouble:
                self.trouble[grade_id] = ". ".join(trouble)

    def _check(self, session: Session, step: Step, deciding: bool) -> None:
        """Decide an exercise, then run the visible part of the check as students do."""
        grade_id = step.exercise.grade_id
        if deciding and grade_id in self.open:
            self._verdict(session, step.exercise)
        shown = exercises.without_hidden(step.source)
        session.request({"op": "run", "source": shown}, self._seconds())

    def _verdict(self, session: Session, exercise: Exercise) -> None:
        """Run a check; the verdict comes from the check process alone."""
        request = {
            "op": "check",
            "key": exercise.grade_id,
            "source": exercise.check.source,
            "names": bound_names(exercise.answer.source),
        }
        self.called, self.slow = True, ""
        # First, so that no check of the course has yet shown it a function that is right.
        share, message = self._judge(session, exercise) if exercise.judged_on else (1.0, "")
        reply = self._asked(session, request)
        if reply["ok"] is True:
            self._decide(exercise.grade_id, round(exercise.points * share, 2), message)
        else:
            message = message or _sentence(reply)
            if self.slow and "NameError" in message:  # what it defined went with it
                message = self.slow
            self._decide(exercise.grade_id, 0, message, bool(reply.get("hidden")))

    def _judge(self, session: Session, exercise: Exercise) -> tuple[float, str]:
        """Share of wrong answers that a student's check refuses, with a message.

        The order, which begins with a wrong answer, depends on the student's source: a check that
        counts its calls, or takes the first function for the right one, gains nothing.
        """
        answers = source.mutants(exercise.judged_on)
        random.Random(self.answers.sources[exercise.grade_id]).shuffle(answers)
        first = next(answer for answer in answers if not answer.right)
        answers.sort(key=lambda answer: answer is not first)
        asked = next(e for e in self.lab.exercises if e.grade_id == exercise.judged_on)
        request = {
            "op": "judge",
            "key": exercise.grade_id,
            "test": bound_names(exercise.answer.source)[-1],
            "target": bound_names(asked.answer.source)[-1],
            "answers": [answer.source for answer in answers],
        }
        reply = self._asked(session, request)
        if reply["ok"] is not True:
            return 0.0, _sentence(reply)
        return judged(answers, [each and _sentence(each) for each in reply["refused"]])

    def _asked(self, session: Session, request: dict) -> dict:
        """Send a request to the check process and forward its own requests to the answer process.

        Raises:
            SessionError: The answer process is lost.
        """
        checks = self.grader.checks_session(self.lab)
        seconds = self._seconds()
        end = time.monotonic() + WALL * seconds
        lost: list[SessionError] = []

        def answer(ask: dict) -> dict:
            """Forward a request of the check, or its reply to a callback."""
            if lost:
                return {"stopped": f"the process {lost[0]}"}
            try:
                left = max(0.1, end - time.monotonic())
                reply = session.request(ask.get("reply", ask), seconds, wall=left)
            except SessionError as error:
                lost.append(error)
                return {"stopped": f"the process {error}"}
            if "interrupted" in reply:
                self.slow = f"the answer took longer than {seconds:.0f} s"
                return {"stopped": self.slow}
            return reply

        try:
            wall = WALL * seconds + CHECK_GRACE_SECONDS
            reply = checks.request(request, seconds + CHECK_GRACE_SECONDS, answer, wall=wall)
        except SessionError as error:
            # An answer that never stops giving values, or gives more than the check can hold.
            self.grader.drop_checks(self.lab)
            reply = {"ok": False, "message": f"with this answer the check {error}"}
        if lost:
            raise lost[0]
        return reply


def judged(answers: list[exercises.Answer], refused: list[str | None]) -> tuple[float, str]:
    """Share of wrong answers that a student's check refuses, with a message.

    Args:
        answers: Right and wrong answers.
        refused: Message of the check for each; None if it accepts it.
    """
    pairs = list(zip(answers, refused, strict=True))
    for answer, message in pairs:
        if answer.right and message:
            said = f"{answer.about} It says: {message[:300]}"
            return 0.0, f"Your check refuses a right answer: {said}"
    wrong = [(answer, message) for answer, message in pairs if not answer.right]
    passed = [answer.about for answer, message in wrong if not message]
    if not passed:
        return 1.0, ""
    caught = len(wrong) - len(passed)
    return caught / len(wrong), (
        f"Your check refuses {caught} of {len(wrong)} wrong answers. One that it accepts: "
        f"{passed[0]}"
    )


def _sentence(reply: dict) -> str:
    """Message of a failed check, for the student."""
    kind, message = clean(str(reply.get("kind", ""))), clean(str(reply.get("message", "")))
    if kind in ("AssertionError", "AnswerError", "StoppedError", ""):
        return message or "The check fails."
    return f"{kind}: {message}"
