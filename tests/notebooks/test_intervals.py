"""No score without an interval and its unit: in README, data cards, labs, and in what labs print.

A score is a number with three decimals in a paragraph or a table that names a measure. Thresholds
have fewer decimals. What is exact by construction, made up or a check of two programs against each
other has no interval and is listed in `EXACT`, each with its reason. A line, a row or the heading
of a column may also say openly that it has "no interval"; a whole table only by a first heading
that says "no interval in any column".
"""

from __future__ import annotations

import re

import nbformat
import pytest

from helpers import ROOT
from tools import notebooks

MEASURE = re.compile(
    r"\b(?:scored?|m?IoU|mAP|AP|AP50|AP75|AR|F1|Dice|ECE|[Aa]ccuracy|[Pp]recision)\b"
)
NUMBER = r"[01]\.\d{3}"
INTERVAL = re.compile(rf"{NUMBER} ?\({NUMBER} to {NUMBER}\)")
SCORE = re.compile(rf"(?<![\d.,(+-]){NUMBER}(?!\d|\.\d)")
UNIT = re.compile(r"\b(?:camera|picture|photo|still|clip)s?\b")

EXACT = {
    "by the library": "two programs that must agree; the interval stands above",
    "helpers.coco": "TFOD2 and helpers.coco must agree; the interval stands above",
    "helpers ": "by hand and by helpers must agree, on five pictures",
    "clicks": "one outline against another: geometry, no sample",
    "the two masks": "lab 3: one mask drawn twice, in LabelMe and by pycocotools",
    "quantile": "the ends of an interval, no scores",
    "momentum": "a setting of lab 3, no score",
    "made-up": "the numbers of an exercise are made up",
    "made up": "the numbers of an exercise are made up",
}


NONE, IN_NONE = "no interval", "no interval in any column"


def unexcused(part: str) -> list[str]:
    """Lines of a paragraph or a table, without cells and lines that say they have no interval."""
    heading, *rows = part.splitlines()
    if IN_NONE in heading:
        return []
    rows = [row for row in rows if NONE not in row]
    if not heading.startswith("|"):
        return [*([] if NONE in heading else [heading]), *rows]
    without = [NONE in cell for cell in heading.split("|")]
    cells = (zip(row.split("|"), without, strict=False) for row in rows)
    return ["|".join(cell for cell, none in row if not none) for row in cells]


def bare_scores(text: str) -> list[str]:
    """Lines with a score without an interval behind it, where their paragraph names a measure."""
    parts = (part for part in re.split(r"\n\s*\n", text.strip("\n")) if MEASURE.search(part))
    lines = [line for part in parts for line in unexcused(part)]
    lines = [line for line in lines if SCORE.search(INTERVAL.sub("", line))]
    return [line for line in lines if not any(words in line for words in EXACT)]


def without_unit(text: str) -> list[str]:
    """Paragraphs with intervals that do not say what was drawn."""
    parts = re.split(r"\n\s*\n", text)
    return [part for part in parts if INTERVAL.search(part) and not UNIT.search(part)]


def printed(cell) -> str:
    """What a cell printed."""
    return "".join(output.get("text", "") for output in cell.get("outputs", ()))


def texts_of(lab) -> dict[str, str]:
    """Markdown and printed output of every cell, under its number from 1."""
    cells = enumerate(nbformat.read(lab, as_version=4).cells, start=1)
    return {
        f"{lab.stem}, cell {number}": cell.source if cell.cell_type == "markdown" else printed(cell)
        for number, cell in cells
    }


DOCUMENTS = ("README.md", "docs/measurements.md", "data/README.md", "data/weights/README.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_has_no_score_without_interval_and_unit(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert bare_scores(text) == []
    assert without_unit(text) == []


# Lab 1 computes on single pictures that it draws, where a score is arithmetic and no sample.
@pytest.mark.parametrize("lab", notebooks.find_labs(["2", "3", "4", "5"]), ids=lambda lab: lab.stem)
def test_a_lab_has_no_score_without_interval_and_unit(lab):
    texts = texts_of(lab)
    bare = {where: found for where, text in texts.items() if (found := bare_scores(text))}
    assert not bare
    # A cell may print under a heading of its own; the unit stands in it.
    assert not {
        where: text for where, text in texts.items() if without_unit(text.replace("\n", " "))
    }


@pytest.mark.parametrize("lab", notebooks.find_labs(), ids=lambda lab: lab.stem)
def test_no_text_of_a_lab_has_a_score_without_interval(lab):
    for number, cell in enumerate(nbformat.read(lab, as_version=4).cells, start=1):
        if cell.cell_type == "markdown":
            assert bare_scores(cell.source) == [], number


@pytest.mark.parametrize(
    ("text", "bare", "no_unit"),
    [
        ("The mIoU on test is 0.761.", 1, 0),
        ("The same weights score 0.744 on photos.", 1, 0),
        ("mask  0.605 (0.582 to 0.629)  AP75 0.624", 1, 1),
        ("| rule | F1 |\n| box | 0.651 | 431 |", 1, 0),
        ("F1 by rule, 26 cameras\nbox  0.45  0.651 (0.617 to 0.683)\nmask 0.45 0.623", 1, 0),
        ("F1 by rule, no interval in any column\nbox  0.651", 0, 0),
        ("F1 by rule, no interval\nbox  0.651", 1, 0),
        ("F1 0.651, a choice, no interval", 0, 0),
        ("| rule | F1 | F1, no interval |\n|---|---|---|\n| box | 0.651 | 0.623 |", 1, 0),
        ("| rule | F1, no interval |\n|---|---|\n| box | 0.651 |", 0, 0),
        ("| rule | F1 |\n|---|---|\n| box, no interval | 0.651 |\n| mask | 0.623 |", 1, 0),
        ("The table has no interval.\nThe IoU is 0.761.", 1, 0),
        ("F1 0.651 (0.617 to 0.683)", 0, 1),
        ("F1 0.651 (0.617 to 0.683), cameras drawn", 0, 0),
        ("AP 0.605 (0.582 to 0.629) by camera, 0.599 (0.580 to 0.620) by picture", 0, 0),
        ("An IoU of 0.5, at 0.75 even; and 0.285 beside it.", 1, 0),
        ("The loss fell to 0.278.", 0, 0),
        ("difference of F1 +0.259 (+0.200 to +0.315)", 0, 0),
    ],
)
def test_a_bare_score_is_found(text, bare, no_unit):
    assert (len(bare_scores(text)), len(without_unit(text))) == (bare, no_unit)
