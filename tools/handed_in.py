"""Reader of student notebooks: which cells answer which exercise, and which were added.

The only reader of submissions, for both `tools.check` and grading. A submitted file may be
anything: not JSON, huge, a notebook of another course, with missing or duplicated cells or false
metadata. Problems are noted in a sentence for the student; no file content raises an exception.

Cells taken into account:

- Answer cells, identified by nbgrader's `grade_id`. If one occurs several times because a cell was
  split or copied, all of them run in order, and the halves of a function are joined.
- Code cells added by the student before an answer (or between an answer and its check), which run
  with it, and those below its check if the answer cell was left empty. If a cell of the course was
  changed, additions take effect, but new values for the course's own names do not.

An `Outline`, which contains no solution, describes the lab. Rests on `tools.outlines`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.outlines import Outline, Task, bound, bound_names, fingerprint, node_print, statements
from tools.untrusted import clean, decoded, loads

MAX_BYTES = 25_000_000
MAX_CELLS = 2_000
MAX_ANSWER = 100_000
SMALLER = "Clear the outputs of all cells, save it and resubmit it."
WRITTEN_STUB = "**Answer.** *Your words here.*"


@dataclass(frozen=True)
class Piece:
    """Source code to run, and the number of its cell in the student's notebook, from 1."""

    cell: int
    source: str
    added: bool = False
    """Whether it is a cell that the student added, and no answer cell."""


@dataclass
class Answers:
    """Answers found in a notebook."""

    lab: int | None = None
    pieces: dict[str, list[Piece]] = field(default_factory=dict)
    """For each exercise in code what runs before its check, in order."""
    sources: dict[str, str] = field(default_factory=dict)
    """The answer to each exercise as text, to be shown and, if it is written, to be read."""
    problems: list[str] = field(default_factory=list)
    """Sentences for the student."""


@dataclass(frozen=True)
class _Cell:
    number: int
    kind: str
    source: str
    cell_id: str
    grade_id: str
    solution: bool
    grade: bool


def read(data: bytes, outlines: dict[int, Outline], named: str = "") -> Answers:
    """Extract the answers from the bytes of a file. Never raises for any content.

    Args:
        data: Content of the file, or its first `MAX_BYTES` + 1 bytes.
        outlines: Outlines of all labs, by number.
        named: Name of the file, whose number decides if the cells do not.
    """
    cells, problem = _cells(data)
    if problem:
        return Answers(problems=[problem])
    number = _lab_number(cells, named, outlines)
    if number is None:
        return Answers(problems=["The notebook has no answer cell of any lab."])
    try:
        return _Reader(outlines[number], cells).answers
    except Exception as error:  # such as a cell that is nested too deeply to be looked at
        return Answers(problems=[f"The notebook could not be read: {type(error).__name__}."])


def is_stub(text: str) -> bool:
    """Whether a written answer is empty or the original placeholder."""
    plain = re.sub(r"[*_\s]|Answer\.", "", text)
    return plain in ("", re.sub(r"[*_\s]|Answer\.", "", WRITTEN_STUB))


def _cells(data: bytes) -> tuple[list[_Cell], str]:
    """Cells of a file, or the reason why there are none."""
    if len(data) > MAX_BYTES:
        return [], f"The file is too large: at most {MAX_BYTES / 1e6:.0f} MB are read. {SMALLER}"
    try:
        text = decoded(data).rstrip("\x00")  # a cloud drive or a full disk may append these
        content = loads(text.encode("utf-8", "surrogatepass"))
    except UnicodeError:
        return [], "The file is not a notebook: it is not text in UTF-8."
    except ValueError as error:
        if "parts" in str(error):
            return [], f"The notebook is too large: {error}. {SMALLER}"
        why = str(error) if "nested" in str(error) else "not valid JSON"
        return [], f"The file is not a notebook: {why}. Save it again and resubmit it."
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        return [], "The file is not a notebook of format 4: it has no list of cells."
    if len(cells) > MAX_CELLS:
        return [], f"The notebook has {len(cells)} cells; at most {MAX_CELLS} are read."
    return [_cell(number, cell) for number, cell in enumerate(cells, start=1)], ""


def _cell(number: int, cell: object) -> _Cell:
    """Validate a cell; a malformed one becomes an empty cell."""
    cell = cell if isinstance(cell, dict) else {}
    metadata = cell.get("metadata")
    data = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    data = data if isinstance(data, dict) else {}
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    source = clean(source) if isinstance(source, str) else ""
    texts = [cell.get("cell_type"), cell.get("id"), data.get("grade_id")]
    kind, cell_id, grade_id = (clean(text) if isinstance(text, str) else "" for text in texts)
    return _Cell(
        number, kind, source, cell_id, grade_id, bool(data.get("solution")), bool(data.get("grade"))
    )


def _lab_number(cells: list[_Cell], named: str, outlines: dict[int, Outline]) -> int | None:
    """Lab to which most answers belong; the number in the file name breaks ties."""
    found = {cell.grade_id for cell in cells if cell.solution}
    # If an editor dropped the metadata, the course's own cells identify the lab.
    prints = {fingerprint(cell.source) for cell in cells if cell.kind == "markdown"}
    votes: dict[int, int] = {}
    for number, lab in outlines.items():
        hits = 1000 * len({task.grade_id for task in lab.tasks} & found)
        if hits := hits + (len(lab.cells & prints) if len(lab.cells & prints) > 3 else 0):
            votes[number] = hits
    if not votes:
        return None
    digit = re.search(r"(?<!\d)0?(\d)(?!\d)", named)
    preferred = int(digit.group(1)) if digit else 0
    return max(votes, key=lambda n: (votes[n], n == preferred, -n))


class _Reader:
    """Finds the answers to one lab among the cells of a notebook."""

    def __init__(self, lab: Outline, cells: list[_Cell]):
        self.lab, self.cells = lab, cells
        self.answers = Answers(lab.number)
        self.note = self.answers.problems.append
        self.own = {task.grade_id for task in lab.tasks}
        self.checks = {f"{name}-check" for name in self.own}
        self.added = {c.number: list(self._added(c)) for c in cells if self._is_added(c)}
        spare = {number: pieces for number, pieces in self.added.items() if pieces}
        for task in lab.tasks:
            if task.written:
                self._written(task)
            else:
                self._code(task, spare)
        others = sorted({c.grade_id for c in cells if c.solution} - self.own - {""})
        if others:
            names = ", ".join(name[:40] for name in others[:5])
            self.note(f"Answer cells that are not of this lab were left out: {names}.")

    def _is_added(self, cell: _Cell) -> bool:
        """Whether a code cell is neither an answer, nor a check, nor part of the course."""
        if cell.kind != "code" or not cell.source.strip():
            return False
        marked = cell.grade_id in self.own or cell.grade_id in self.checks
        return not marked and fingerprint(cell.source) not in self.lab.cells

    def _added(self, cell: _Cell) -> Iterator[Piece]:
        """Part of a cell that runs: all of it, or the additions to a cell of the course."""
        whole = Piece(cell.number, cell.source, added=True)
        ours = cell.cell_id in self.lab.ids
        parsed = statements(cell.source)
        if parsed is None:
            yield from () if ours else (whole,)
            return
        try:
            new = [s for s in parsed if node_print(s) not in self.lab.statements]
        except RecursionError:
            yield whole
            return
        work = [s for s in parsed if not isinstance(s, (ast.Import, ast.ImportFrom))]
        known = len([s for s in work if s not in new])
        if not ours and 2 * known < max(1, len(work)):
            yield whole
            return
        new = [s for s in new if not self.lab.names.intersection(bound(s))]
        for part in ([s for s in new if s not in work], [s for s in new if s in work]):
            if part:
                source = "\n".join(map(ast.unparse, part))
                yield Piece(cell.number, source, added=True)

    def _code(self, task: Task, spare: dict[int, list[Piece]]) -> None:
        """Code that runs for an exercise; added cells run once."""
        marked = [c for c in self.cells if c.grade_id == task.grade_id and c.solution]
        end = self._end(task, marked)
        before = [number for number in sorted(spare) if number < end]
        pieces = [piece for number in before for piece in spare[number]]
        if not marked:
            begin = max((n for n in self._anchors() if n < end), default=0)
            taken = [p for p in pieces if p.cell > begin] if end <= len(self.cells) else []
            if not taken:
                taken = [
                    piece
                    for piece in (p for each in self.added.values() for p in each)
                    if set(task.names) & set(bound_names(piece.source))
                ]
            if not taken:
                self.note(f"There is no answer cell {task.grade_id}.")
                return
            self.note(
                f"No cell is marked as the answer {task.grade_id}; cell {taken[-1].cell} was used."
            )
            pieces += [piece for piece in taken if piece not in pieces]
            self.answers.sources[task.grade_id] = "\n\n".join(p.source for p in taken)
        else:
            parts = self._joined(task, marked)
            self.answers.sources[task.grade_id] = "\n\n".join(p.source for p in parts)
            pieces = sorted([*pieces, *parts], key=lambda piece: piece.cell)
            if below := self._below(task, marked, end):
                self.note(
                    f"The answer cell {task.grade_id} was not filled in; cell {below[-1].cell}, "
                    "below its check, was used."
                )
                self.answers.sources[task.grade_id] = "\n\n".join(p.source for p in below)
                pieces += below
                before += dict.fromkeys(piece.cell for piece in below)
        if sum(len(piece.source) for piece in pieces) > 4 * MAX_ANSWER or any(
            len(piece.source) > MAX_ANSWER for piece in pieces
        ):
            self.note(f"The answer {task.grade_id} is too long to be graded.")
            self.answers.sources.pop(task.grade_id, None)
            return
        for number in before:
            spare.pop(number, None)
        self.answers.pieces[task.grade_id] = pieces

    def _below(self, task: Task, marked: list[_Cell], end: int) -> list[Piece]:
        """Cells below the check that define what an empty answer cell asks for."""
        if any(fingerprint(cell.source) not in self.lab.cells for cell in marked):
            return []
        after = min((n for n in self._anchors() if n > end), default=len(self.cells) + 1)
        found = [p for n, pieces in self.added.items() if end < n < after for p in pieces]
        names = set(task.names)
        return found if any(names & set(bound_names(p.source)) for p in found) else []

    def _anchors(self) -> list[int]:
        """Numbers of the answer and check cells."""
        ids = self.own | self.checks
        return [c.number for c in self.cells if c.grade_id in ids]

    def _end(self, task: Task, marked: list[_Cell]) -> int:
        """Number of the check cell of an exercise, before which its cells run."""
        last = max((c.number for c in marked), default=0)
        check = f"{task.grade_id}-check"
        ends = [c.number for c in self.cells if c.grade_id == check and c.number > last]
        if not ends:
            ends = [n for n in self._anchors() if n > last] if last else []
        return min(ends, default=len(self.cells) + 1)

    def _joined(self, task: Task, marked: list[_Cell]) -> list[Piece]:
        """Combine an answer that occurs several times: in sequence, or halves joined."""
        begun = [c for c in marked if fingerprint(c.source) not in self.lab.cells] or marked[:1]
        parts = [Piece(c.number, c.source) for c in begun]
        if len(parts) == 1:
            return parts
        whole = "\n".join(part.source for part in parts)
        if any(statements(p.source) is None for p in parts) and statements(whole) is not None:
            self.note(
                f"The answer cell {task.grade_id} occurs {len(parts)} times; its parts were joined."
            )
            return [Piece(parts[0].cell, whole)]
        self.note(
            f"The answer cell {task.grade_id} occurs {len(parts)} times; all of them were run "
            "in their order, so the last counts."
        )
        return parts

    def _written(self, task: Task) -> None:
        """Text of a written answer."""
        marked = [c for c in self.cells if c.grade_id == task.grade_id and c.solution]
        if not marked:
            self.note(f"There is no answer cell {task.grade_id}.")
            return
        texts = [c.source for c in marked if not is_stub(c.source)]
        if len(marked) > 1:
            self.note(f"The answer cell {task.grade_id} occurs {len(marked)} times.")
        if not texts:  # written below the cell that was meant for it
            anchors = [n for n in self._anchors() if n > marked[-1].number]
            end = min(anchors, default=len(self.cells) + 1)
            for cell in self.cells[marked[-1].number : end - 1]:
                if fingerprint(cell.source) in self.lab.cells or cell.cell_id in self.lab.ids:
                    break
                if cell.kind in ("markdown", "raw") and cell.source.strip():
                    texts.append(cell.source)
            if texts:
                self.note(
                    f"The answer {task.grade_id} was taken from the cell below the one for it."
                )
        text = "\n\n".join(dict.fromkeys(texts)) if texts else ""
        if re.search(r"attachment:|<img\b|!\[", text):
            self.note(f"The answer {task.grade_id} holds a picture: look at it in the notebook.")
        if len(text) > MAX_ANSWER:
            self.note(f"The answer {task.grade_id} is too long; its beginning was kept.")
        self.answers.sources[task.grade_id] = text[:MAX_ANSWER]
