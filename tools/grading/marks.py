"""Written answers and their manually entered marks: `written.csv`.

Entered marks are never lost. The file is accepted in any format that spreadsheets save (comma,
semicolon or tab, decimal commas, UTF-8, UTF-16 or cp1252); an invalid entry stops the run before
anything is written. Rows of submissions that are not in this run are kept. A checksum ties a mark
to the answer that was read: if the answer has changed, the new one has to be marked, and the old
mark stays in a row of its own and is shown beside it. A previous file that held marks is kept under
another name.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from helpers import files
from helpers.errors import DataError
from tools.grading.grades import Grade, Verdict
from tools.grading.students import owner
from tools.untrusted import clean, decoded

NAME = "written.csv"
COLUMNS = (
    "exercise", "student", "file", "answer", "of", "points", "comment", "earlier", "row",
)  # fmt: skip
NEEDED = ("exercise", "file", "points", "comment", "row")
CHANGED = "the answer has changed since; the new one has its own row"
MAX_CELL = 30_000
"""Maximum number of characters of an answer in a cell; spreadsheets truncate at 32,767."""

FORMULA = tuple("=+-@\t\r")

csv.field_size_limit(10_000_000)


def letters(text: str) -> str:
    """Checksum of ten letters, which no spreadsheet interprets as a number or a date."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return "".join("abcdefghijklmnop"[int(digit, 16)] for digit in digest[:10])


def row_id(grade: Grade, grade_id: str) -> str:
    """Identifier of the row of one exercise of one submission."""
    return letters(f"{owner(grade.student)}\n{grade_id}")


def answer_id(answer: str) -> str:
    """Checksum of an answer; line endings and surrounding space do not matter."""
    return letters("\n".join(line.rstrip() for line in answer.strip().splitlines()))


def plain(text: str) -> str:
    """Escape a cell so that no spreadsheet interprets it as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def unescaped(text: str) -> str:
    """Inverse of `plain`."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def table(rows: list[list[object]]) -> bytes:
    """Format rows as CSV in UTF-8 with the byte-order mark that Excel needs."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(
        [[plain(clean(v)) if isinstance(v, str) else v for v in row] for row in rows]
    )
    return b"\xef\xbb\xbf" + stream.getvalue().encode("utf-8")


@dataclass
class Mark:
    """One row of the file."""

    row: str
    answer: str
    """Checksum of the answer that was marked."""
    points: float | None
    comment: str
    line: int
    cells: dict[str, str] = field(repr=False)

    @property
    def code(self) -> str:
        """Value of the column `row`: one answer of one student to one exercise."""
        return f"{self.row}-{self.answer}"

    @property
    def entered(self) -> bool:
        """Whether points or a comment were entered."""
        return self.points is not None or bool(self.comment)

    @property
    def words(self) -> str:
        """The mark in words, for the marker of the later answer; "" if there is none."""
        if not self.entered:
            return ""
        points = "no points" if self.points is None else f"{self.points:g} points"
        return f"{points}: {self.comment}" if self.comment else points


def read(folder: Path) -> dict[str, Mark]:
    """Read the marks in the file of a folder, by their codes; none if there is no file.

    Raises:
        DataError: The file contains an invalid entry; nothing has been changed.
    """
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        content = path.read_bytes()
        if content.startswith(b"PK"):  # the heading cannot be this
            raise UnicodeError("a workbook of Excel or LibreOffice")
        text = decoded(content, fallback="cp1252")
    except (OSError, UnicodeError) as error:
        raise DataError(f"{path}", expected="text in UTF-8, UTF-16 or cp1252", found=str(error),
                    do="Save it again as CSV in UTF-8.") from error  # fmt: skip
    rows = _rows(text, path)
    marks: dict[str, Mark] = {}
    problems: list[str] = []
    for line, cells in rows:
        try:
            mark = _mark(line, cells)
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        twin = marks.get(mark.code)
        if twin and (twin.points, twin.comment) != (mark.points, mark.comment):
            problems.append(f"lines {twin.line} and {line} mark the same answer differently")
        marks[mark.code] = mark
    if problems:
        raise DataError(_refusal(path, problems))
    return marks


def _refusal(path: Path, problems: list[str]) -> str:
    shown = "".join(f"\n  {problem}" for problem in problems[:20])
    more = f"\n  and {len(problems) - 20} more" if len(problems) > 20 else ""
    return (
        f"{path} is invalid, and nothing was changed:{shown}{more}\n"
        "Correct these lines and run the command again, or move the file away to start again."
    )


def _rows(text: str, path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows with their line numbers, keyed by column name."""
    text = text.lstrip("\ufeff")
    if found := re.match(r"sep=(.)\r?\n", text):  # Excel's own hint
        text = text[found.end() :]
    lines = text.splitlines()
    heading = lines[0] if lines else ""

    def names(delimiter: str) -> list[str]:
        return [
            name.strip().lower() for name in next(csv.reader([heading], delimiter=delimiter), [])
        ]

    delimiter = max(",;\t", key=lambda d: len(set(names(d)) & set(COLUMNS)))
    columns = names(delimiter)
    if missing := [name for name in NEEDED if columns.count(name) != 1]:
        raise DataError(
            f"{path}, first line",
            expected=f"the columns {', '.join(COLUMNS)}",
            found=f"{heading[:200]!r} ({', '.join(missing)} missing or there twice)",
            do="Put the headings back as they were; nothing was changed.",
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(reader)
    rows = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            cells += [""] * (len(columns) - len(cells))
            rows.append((reader.line_num, dict(zip(columns, cells, strict=False))))
    return rows


def _mark(line: int, cells: dict[str, str]) -> Mark:
    """One row.

    Raises:
        ValueError: The row is invalid.
    """
    code = re.fullmatch(r"([a-p]{10})-([a-p]{10})", cells["row"].strip())
    if code is None:
        raise ValueError(
            f"expected the code from the column row, found {cells['row'][:40]!r} "
            f"({cells.get('student', '')[:40]}, {cells['exercise'][:20]})"
        )
    text = cells["points"].strip().replace(",", ".")
    try:
        points = float(text) + 0.0 if text else None  # -0 is 0
    except ValueError:
        points = math.nan
    if points is not None and not 0 <= points < math.inf:
        raise ValueError(_expected(cells, cells.get("of", "")))
    comment = unescaped(cells["comment"].strip())
    return Mark(*code.groups(), points, comment, line, cells)


def _expected(cells: dict[str, str], most: str) -> str:
    found = cells["points"][:40]
    return f"expected points from 0 to {most or 'what the exercise gives'}, found {found!r}"


def known_rows(folder: Path) -> dict[str, tuple[str, str, float]]:
    """Rows (file, exercise and its points) of all submissions ever graded into this folder."""
    known = {}
    for path in (folder / "results").glob("*.json"):
        try:
            _, _, text = path.read_text(encoding="utf-8").partition("\n")
            known.update(rows_of([Grade.from_json(text)]))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return known


def rows_of(grades: list[Grade]) -> dict[str, tuple[str, str, float]]:
    """Rows of written answers: file, exercise and its points of each."""
    return {
        row_id(grade, verdict.grade_id): (grade.file, verdict.grade_id, verdict.most)
        for grade in grades
        for verdict in grade.verdicts
        if verdict.kind == "written"
    }


def match(folder: Path, marks: dict[str, Mark], known: dict[str, tuple[str, str, float]]) -> None:
    """Ensure that every mark belongs to a submission.

    Args:
        folder: Folder of the file, for messages.
        marks: Marks from `read`.
        known: Rows of the submissions of this and earlier runs.

    Raises:
        DataError: A row matches no submission, or its cells belong to different submissions.
    """
    problems = []
    places = {place[:2]: row for row, place in known.items()}
    for mark in marks.values():
        row = mark.row
        place = tuple(mark.cells[name].strip().removeprefix("'") for name in ("file", "exercise"))
        student = mark.cells.get("student", "").strip()
        own = row == letters(f"{owner(unescaped(student))}\n{place[1]}")
        most = known[row][2] if row in known else math.inf
        if row not in known and not own:
            who = f"{student} {place[0]}".strip()[:80]
            problems.append(f"line {mark.line}: no submission of {who!r} has {place[1][:20]!r}")
        elif not own and places.get(place, row) != row:
            problems.append(
                f"line {mark.line}: the file {place[0][:60]!r} and the letters in the column row "
                "belong to different answers; was a column sorted by itself?"
            )
        elif mark.points is not None and mark.points > most:
            problems.append(f"line {mark.line}: {_expected(mark.cells, f'{most:g}')}")
    if problems:
        raise DataError(_refusal(folder / NAME, problems))


def apply(marks: dict[str, Mark], grades: list[Grade]) -> None:
    """Apply marks to the grades: points and comment, or the mark of an earlier answer."""
    by_row: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks.values():
        by_row[mark.row].append(mark)
    for grade in grades:
        for verdict in grade.verdicts:
            if verdict.kind == "written":
                _apply(by_row[row_id(grade, verdict.grade_id)], verdict)


def _apply(marks: list[Mark], verdict: Verdict) -> None:
    current = answer_id(verdict.answer)
    others = [mark.words for mark in marks if mark.answer != current and mark.words]
    verdict.earlier = "; ".join(dict.fromkeys(others))
    for mark in marks:
        if mark.answer == current and verdict.answer:
            verdict.points, verdict.message = mark.points, mark.comment


def write(
    folder: Path, grades: list[Grade], marks: dict[str, Mark], name: str = NAME
) -> Path | None:
    """Rewrite the file: the answers of this run, and other rows unchanged.

    Returns:
        New path of the previous file, if it held marks and differed.
    """
    rows: dict[str, list[object]] = {}
    own = [n for mark in marks.values() for n in mark.cells if n and n not in COLUMNS]
    columns = [*COLUMNS, *dict.fromkeys(own)]  # those that the marker added stay
    for grade in grades:
        for verdict in grade.verdicts:
            if verdict.kind == "written" and verdict.answer:
                code = f"{row_id(grade, verdict.grade_id)}-{answer_id(verdict.answer)}"
                cells = marks[code].cells if code in marks else {}
                more = [cells.get(name, "") for name in columns[len(COLUMNS) :]]
                rows[code] = [*_row(grade, verdict, code), *more]
    current = {code.partition("-")[0] for code in rows}
    for code, mark in marks.items():
        if code not in rows and (mark.entered or mark.row not in current):
            kept = {**mark.cells, "points": _number(mark.points)}
            if mark.row in current:
                kept["earlier"] = CHANGED
            rows[code] = [kept.get(name, "") for name in columns]
    ordered = sorted(rows.values(), key=lambda row: (_natural(row[0]), str(row[1]), str(row[2])))
    content = table([columns, *ordered])
    path = folder / name
    former = None
    if path.exists() and any(mark.entered for mark in marks.values()):
        old = path.read_bytes()
        if old != content:
            former = _free(folder, time.strftime("written.before-%Y%m%d-%H%M%S"))
            files.write_bytes(former, old)
    files.write_bytes(path, content)
    return former


def _free(folder: Path, stem: str) -> Path:
    number = 0
    while (path := folder / (f"{stem}-{number}.csv" if number else f"{stem}.csv")).exists():
        number += 1
    return path


def _row(grade: Grade, verdict: Verdict, code: str) -> list[object]:
    answer = verdict.answer
    if len(answer) > MAX_CELL:
        answer = answer[:MAX_CELL] + " ... (the whole answer is on the feedback page)"
    return [
        verdict.grade_id, grade.student, grade.file, answer, _number(verdict.most),
        _number(verdict.points), verdict.message, verdict.earlier, code,
    ]  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _natural(text: object) -> list[object]:
    """Sort key that places ex10 after ex9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(text))]
