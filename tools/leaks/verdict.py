"""Comparison of the traces of a notebook: which choices changed with the test masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A choice that changed with the test masks."""

    cell: int
    name: str
    text: str

    def __str__(self) -> str:
        return f"cell {self.cell}: {self.name} {self.text}"


@dataclass(frozen=True)
class Report:
    """Result of the comparison of two runs."""

    leaks: list[Finding]
    moved: int
    """Values that changed with the masks, scores included."""
    problems: list[str]

    @property
    def honest(self) -> bool:
        """Whether no choice changed, but at least one measurement did."""
        return not self.leaks and self.moved > 0 and not self.problems


def compare(first: dict, *others: dict) -> Report:
    """Compare a run with those with exchanged masks; in the last not all of them are."""
    problems = []
    if not first["found"]:
        problems.append("no cell gives the masks' name a value")
    errors = [f"cell {c['number']} stops with {c['error']}" for c in first["cells"] if c["error"]]
    problems += errors[:3]
    leaks: dict[str, Finding] = {}
    moved: set[str] = set()
    for other in others:
        for finding in _moved_choices(first, other, moved):
            leaks.setdefault(finding.name, finding)
    if cell := _other_predictions(first["met"], others[-1]["met"]):
        text = "of a picture change with the test masks of other pictures"
        leaks["predictions"] = Finding(cell, "predictions", text)
    order = sorted(leaks.values(), key=lambda e: (e.cell, "prints" in e.name, e.name))
    return Report(order, len(moved), problems)


def _moved_choices(first: dict, second: dict, moved: set[str]) -> Iterator[Finding]:
    """Choices that differ between two runs; all values that do are added to `moved`."""
    tried = [
        (first["loops"][place], second["loops"][place])
        for place in first["loops"].keys() & second["loops"].keys()
        if first["loops"][place]["tried"] or second["loops"][place]["tried"]
    ]
    lengths = {loop["count"] for pair in tried for loop in pair}
    spots = [
        (a[0], b[0])
        for a, b in zip(first["positions"], second["positions"], strict=False)
        if a[1] == b[1] and a[1] in lengths and a[0] != b[0]
    ]
    for a, b in zip(first["cells"], second["cells"], strict=False):
        for name in a["weights"].keys() & b["weights"].keys():
            if a["weights"][name] != b["weights"][name]:
                moved.add(name)
                yield Finding(a["number"], name, "has other weights with other test masks")
        for name in a["values"].keys() & b["values"].keys():
            old, new = a["values"][name], b["values"][name]
            if old == new:
                continue
            moved.add(name)
            position = type(old) is int and (old, new) in spots
            if position or any(old in a["values"] and new in b["values"] for a, b in tried):
                text = f"moves from {old} to {new} with other test masks"
                yield Finding(a["number"], name, text)


def _other_predictions(first: dict, third: dict) -> int:
    """First cell in which a mask that was not exchanged meets other predictions; 0 if none.

    Where one run meets a part of what the other does, more or fewer pictures or candidates were
    looked at, which may be for display.
    """
    cells = []
    for place in first.keys() & third.keys():
        for picture in first[place].keys() & third[place].keys():
            one, other = set(first[place][picture]), set(third[place][picture])
            if one - other and other - one:
                cells.append(int(place.split(":")[0]))
    return min(cells, default=0)
