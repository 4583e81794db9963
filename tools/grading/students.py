"""Who a student is, as far as the name of a folder or file in a class's download says.

Moodle and Canvas put a number of their own into these names; the import formats of `report.py` need
it, and marks follow it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_.*")
CANVAS = re.compile(r"(?P<name>[^\W_]+)_(?:LATE_)?(?P<id>\d+)_(?P<file>\d+)_.+")
EMAIL = re.compile(
    r"(?:\A[\w.+-]+|[^\W_][^\W_.+-]*(?:[.+-][^\W_.+-]+)*)@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.I
)


@dataclass(frozen=True)
class Identity:
    """Identification of a student for a learning platform."""

    name: str
    number: str = ""
    email: str = ""
    platform: str = ""
    """"moodle" or "canvas", by whose form the folder is named."""


def identity(student: str) -> Identity:
    """Name, number and address, as far as contained in the name of a folder or file."""
    found = EMAIL.search(student)
    email = found.group() if found else ""
    if match := MOODLE.fullmatch(student):
        return Identity(match["name"].replace(email, "").strip("_ ") or email, match["id"], email,
                        "moodle")  # fmt: skip
    if match := CANVAS.fullmatch(student):
        return Identity(match["name"], match["id"], email, "canvas")
    number = student if student.isdigit() else ""
    return Identity(student.replace(email, "").strip("_ ()<>") or student, number, email)


def owner(student: str) -> str:
    """Who a submission belongs to, whatever a platform's download calls a second file."""
    who = identity(student)
    number = f"{who.platform} {who.number}"
    return {"canvas": number, "moodle": f"{number} {who.name}"}.get(who.platform, student)
