"""The grade of one submission: a verdict for each exercise, stored as JSON between runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass
class Verdict:
    """Result of one exercise."""

    grade_id: str
    title: str
    kind: str
    """"code" or "written"."""
    points: float | None
    """None for an unmarked written answer."""
    most: float
    answer: str = ""
    message: str = ""
    """Why points are missing, for the student; of a written answer the reader's comment."""
    hidden: bool = False
    """Whether the line that failed is one that students do not see."""
    outputs: list[dict] = field(default_factory=list)
    rubric: list[str] = field(default_factory=list)
    earlier: str = ""
    """Mark of an earlier version of the answer, for the marker of the new one."""


@dataclass
class Grade:
    """Result of one submission."""

    student: str
    file: str
    key: str
    lab: str = ""
    number: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed: bool = False
    """Whether it could not be graded, for a reason that is not in the answers."""
    seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def points(self) -> float:
        """Points so far, without unmarked written answers."""
        return sum(verdict.points or 0 for verdict in self.verdicts)

    @property
    def most(self) -> float:
        """Maximum points."""
        return sum(verdict.most for verdict in self.verdicts)

    @property
    def unread(self) -> int:
        """Unmarked written answers."""
        return sum(verdict.points is None for verdict in self.verdicts)

    def to_json(self) -> str:
        """Serialise, to be kept between runs."""
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> Grade:
        """Inverse of `to_json`."""
        content = json.loads(text)
        content["verdicts"] = [Verdict(**verdict) for verdict in content["verdicts"]]
        return Grade(**content)
