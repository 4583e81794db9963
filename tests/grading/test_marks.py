"""What a person entered in written.csv is there after every accident that happens to such files."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.grading import made
from tools.grading import __main__ as command
from tools.grading import engine, marks, sandbox
from tools.grading.attempt import Attempt
from tools.grading.grades import Grade
from tools.handed_in import WRITTEN_STUB

CLASS = [f"student {number:02}" for number in range(24)]


@pytest.fixture(autouse=True, scope="module")
def nothing_runs() -> Iterator[None]:
    """Grades without running a submission: all that matters here is what is written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Attempt, "run", lambda self: None)
        patch.setattr(sandbox, "probe", lambda: "none")
        patch.setattr(sandbox, "font_cache", lambda: contextlib.nullcontext())
        yield


def hand_in(folder: Path, student: str, answer: str = "Because of the mask.") -> None:
    made.hand_in(folder, student, made.submission(third=answer))


@pytest.fixture(scope="module")
def graded_once(nothing_runs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graded")
    made.write_lab(folder)
    for student in CLASS:
        hand_in(folder / "in", student)
    assert run(folder) == 0
    enter(folder)
    assert run(folder) == 0
    assert marked(folder) == 24
    return folder


@pytest.fixture
def graded(graded_once: Path, tmp_path: Path) -> Path:
    """A class of 24, each with a mark in written.csv."""
    return shutil.copytree(graded_once, tmp_path, dirs_exist_ok=True)


def run(folder: Path, *more: str, submissions: str = "in") -> int:
    arguments = [str(folder / submissions), "--notebooks", str(folder / "notebooks")]
    return command.main([*arguments, "--out", str(folder / "out"), "--workers", "1", *more])


def path_of(folder: Path) -> Path:
    return folder / "out" / "written.csv"


def rows(folder: Path, name: str = "written.csv") -> list[dict[str, str]]:
    with (folder / "out" / name).open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def enter(folder: Path, points: str = "1.5", comment: str = "schön, {}") -> None:
    found = rows(folder)
    for number, row in enumerate(found):
        row.update(points=points, comment=comment.format(number))
    path_of(folder).write_bytes(
        marks.table([list(marks.COLUMNS), *(list(r.values()) for r in found)])
    )


def marked(folder: Path) -> int:
    """How many of the class have their mark, in the table of grades as well as in written.csv."""
    grades = {row["student"]: row for row in rows(folder, "grades.csv")}
    found = [r for r in rows(folder) if r["points"] == "1.5" and r["comment"].startswith("schön")]
    in_table = [s for s in CLASS if grades.get(s, {}).get("to_read") == "0"]
    assert len(found) >= len(in_table)
    return len(in_table)


def saved_again(
    folder: Path, delimiter: str, encoding: str, *, comma: bool, first: str = ""
) -> None:
    """Writes the file as a spreadsheet does."""
    found = rows(folder)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(marks.COLUMNS)
    for row in found:
        row["points"] = row["points"].replace(".", ",") if comma else row["points"]
        writer.writerow(row.values())
    path_of(folder).write_bytes((first + stream.getvalue()).encode(encoding))


@pytest.mark.parametrize(
    ("delimiter", "encoding", "comma", "first"),
    [
        (",", "utf-8", False, ""),
        (";", "utf-8-sig", True, ""),
        (";", "cp1252", True, ""),
        (";", "cp1252", True, "sep=;\r\n"),
        (",", "utf-8", True, "sep=,\r\n"),
        ("\t", "utf-16", True, ""),
        (";", "utf-16-le", False, ""),
    ],
)
def test_marks_are_read_as_any_spreadsheet_saves_them(graded, delimiter, encoding, comma, first):
    saved_again(graded, delimiter, encoding, comma=comma, first=first)
    assert run(graded) == 0
    assert marked(graded) == 24
    assert rows(graded)[3]["comment"] == "schön, 3"


def test_grading_another_folder_into_the_same_place_keeps_them(graded):
    hand_in(graded / "late", "latecomer")
    hand_in(graded / "late", "student 03", "Another answer.")
    assert run(graded, submissions="late") == 0
    assert len(rows(graded)) == 26
    assert run(graded) == 0
    assert marked(graded) == 24


def test_grading_again_and_interrupting_it_keeps_them(graded, monkeypatch):
    real = engine.on_this_machine

    def interrupted(*arguments: object) -> Iterator[tuple[object, Grade]]:
        for number, pair in enumerate(real(*arguments)):
            if number == 2:
                raise KeyboardInterrupt
            yield pair

    monkeypatch.setattr(engine, "on_this_machine", interrupted)
    assert run(graded, "--again") == 1
    assert len(rows(graded)) == 24
    monkeypatch.setattr(engine, "on_this_machine", real)
    assert run(graded) == 0
    assert marked(graded) == 24


def test_a_changed_answer_is_to_be_read_again_and_the_old_mark_is_shown(graded):
    hand_in(graded / "in", "student 07", "I do not know.")
    assert run(graded) == 0
    assert marked(graded) == 23
    new = [r for r in rows(graded) if r["answer"] == "I do not know."]
    assert [(r["points"], r["earlier"]) for r in new] == [("", "1.5 points: schön, 7")]
    enter_new = (
        path_of(graded)
        .read_text(encoding="utf-8-sig")
        .replace("I do not know.,2,,", "I do not know.,2,0.5,")
    )
    path_of(graded).write_text(enter_new, encoding="utf-8")
    assert run(graded) == 0
    assert {r["student"]: r["points"] for r in rows(graded, "grades.csv")}["student 07"] == "0.5"
    hand_in(graded / "in", "student 07")  # the first answer comes back, and its mark with it
    assert run(graded) == 0
    assert marked(graded) == 24


def test_a_mark_belongs_to_the_student_whatever_the_file_is_called(tmp_path):
    """Canvas gives a second hand-in another number, and a browser another name."""
    made.write_lab(tmp_path)
    first, second = "lovelaceada_7_100_01_made.ipynb", "lovelaceada_7_222_01_made-1.ipynb"
    path = made.hand_in(tmp_path / "x", "x", made.submission(third="Because of the mask."))
    hand_in(tmp_path / "in", "anna")
    path.rename(tmp_path / "in" / first)
    assert run(tmp_path) == 0
    enter(tmp_path)
    assert run(tmp_path) == 0
    (tmp_path / "in" / first).rename(tmp_path / "in" / second)
    path = tmp_path / "in" / "anna" / "01_made.ipynb"
    path.rename(path.with_name("01_made (1).ipynb"))
    assert run(tmp_path) == 0
    assert [(r["to_read"], r["ex3"]) for r in rows(tmp_path, "grades.csv")] == [("0", "1.5")] * 2
    assert len(rows(tmp_path)) == 2


def test_the_lab_says_how_many_points_there_are(graded, capsys):
    text = path_of(graded).read_text(encoding="utf-8-sig")
    path_of(graded).write_text(text.replace(",2,1.5,", ",20,15,"), encoding="utf-8")
    assert run(graded) == 2
    assert "expected points from 0 to 2, found '15'" in capsys.readouterr().err
    columns = [name for name in marks.COLUMNS if name != "of"]
    without = [[row[name] for name in columns] for row in csv.DictReader(io.StringIO(text))]
    path_of(graded).write_bytes(marks.table([columns, *without]))
    assert run(graded) == 0
    assert marked(graded) == 24


@pytest.mark.parametrize("comment", ["- units are missing", "=2", "+1", "'tis right", "@you"])
def test_a_comment_reaches_the_student_as_it_was_entered(graded, comment):
    enter(graded, comment=comment)
    for _ in range(2):
        assert run(graded) == 0
    assert {mark.comment for mark in marks.read(graded / "out").values()} == {comment}


def test_columns_that_the_marker_added_stay(graded):
    head, *lines = path_of(graded).read_text(encoding="utf-8-sig").splitlines()
    lines = [f"{line},Dr. {number}" for number, line in enumerate(lines)]
    path_of(graded).write_text("\n".join([f"{head},marker", *lines]) + "\n", encoding="utf-8")
    hand_in(graded / "in", "student 24")
    assert run(graded) == 0
    assert [row["marker"] for row in rows(graded)] == [*(f"Dr. {n}" for n in range(24)), ""]
    assert marked(graded) == 24


def test_results_that_were_deleted_cost_no_mark(graded):
    shutil.rmtree(graded / "out" / "results")
    hand_in(graded / "late", "latecomer")
    assert run(graded, submissions="late") == 0
    assert run(graded) == 0
    assert marked(graded) == 24


def test_the_former_file_stays_beside_the_new_one(graded):
    before = path_of(graded).read_bytes()
    hand_in(graded / "in", "student 24")
    assert run(graded) == 0
    kept = list((graded / "out").glob("written.before-*.csv"))
    assert before in [path.read_bytes() for path in kept]
    assert run(graded) == 0
    assert len(list((graded / "out").glob("written.before-*.csv"))) == len(kept)


def test_names_that_a_spreadsheet_changed_cost_no_mark(graded):
    """0012345 comes back as 12345, and Müller as MÃ¼ller; the letters of the row tell."""
    text = path_of(graded).read_text(encoding="utf-8-sig").replace("student 0", "studÃ¼nt ")
    path_of(graded).write_text(text, encoding="utf-8")
    assert run(graded) == 0
    assert marked(graded) == 24


def damaged(text: str, kind: str) -> str:
    lines = text.splitlines()
    if kind == "heading changed":
        lines[0] = lines[0].replace("points", "Punkte")
    elif kind == "column missing":
        lines = [line.rpartition(",")[0] for line in lines]
    elif kind == "a date for a number":
        lines[5] = lines[5].replace(",1.5,", ",01. Mai,")
    elif kind == "two numbers":
        lines[5] = lines[5].replace(",1.5,", ",1.5/2,")
    elif kind == "too many points":
        lines[5] = lines[5].replace(",1.5,", ",7,")
    elif kind == "row of nobody":
        lines[5] = lines[5].replace("student 04/", "nobody/")
        lines[5] = lines[5].rpartition(",")[0] + ",abcdefghij-abcdefghij"
    elif kind == "letters cut":
        lines[5] = lines[5][:-3]
    elif kind == "two marks for one answer":
        lines.append(lines[5].replace(",1.5,", ",1,"))
    elif kind == "one column sorted":
        codes = [line.rpartition(",")[2] for line in lines]
        codes[5], codes[6] = codes[6], codes[5]
        lines = [
            f"{line.rpartition(',')[0]},{code}" for line, code in zip(lines, codes, strict=True)
        ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("heading changed", "points missing"),
        ("column missing", "row missing"),
        ("a date for a number", "found '01. Mai'"),
        ("two numbers", "found '1.5/2'"),
        ("too many points", "expected points from 0 to 2, found '7'"),
        ("row of nobody", "no submission of"),
        ("letters cut", "expected the code"),
        ("two marks for one answer", "mark the same answer differently"),
        ("one column sorted", "sorted by itself"),
    ],
)
def test_what_cannot_be_understood_stops_the_run_and_changes_nothing(graded, kind, said, capsys):
    text = damaged(path_of(graded).read_text(encoding="utf-8-sig"), kind)
    path_of(graded).write_text(text, encoding="utf-8")
    before = {p.name: p.read_bytes() for p in (graded / "out").glob("*.csv")}
    assert run(graded) == 2
    assert said in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in (graded / "out").glob("*.csv")} == before


def test_a_workbook_under_the_name_of_the_table_is_named(graded, capsys):
    with zipfile.ZipFile(path_of(graded), "w") as workbook:
        workbook.writestr("xl/workbook.xml", "<workbook/>")
    before = path_of(graded).read_bytes()
    assert run(graded) == 2
    assert "found a workbook of Excel or LibreOffice" in capsys.readouterr().err
    assert path_of(graded).read_bytes() == before


def test_a_file_that_is_damaged_while_the_run_goes_on_is_left_alone(graded, monkeypatch, capsys):
    real = engine.on_this_machine

    def meanwhile(*arguments: object) -> Iterator[tuple[object, Grade]]:
        path_of(graded).write_text("nonsense")
        yield from real(*arguments)

    monkeypatch.setattr(engine, "on_this_machine", meanwhile)
    assert run(graded, "--again") == 2
    assert path_of(graded).read_text() == "nonsense"
    assert "written.new.csv" in capsys.readouterr().err
    assert len(rows(graded, "written.new.csv")) == 24
    assert len(rows(graded, "grades.csv")) == 24


def test_written_csv_is_ordered_by_exercise_and_holds_the_answers(tmp_path):
    made.write_lab(tmp_path)
    hand_in(tmp_path / "in", "b", "Line one.\n=2+3")
    hand_in(tmp_path / "in", "a", "=cmd()")
    assert run(tmp_path) == 0
    found = rows(tmp_path)
    assert [r["student"] for r in found] == ["a", "b"]
    assert [r["answer"] for r in found] == ["'=cmd()", "Line one.\n=2+3"]


@pytest.mark.parametrize("stub", [WRITTEN_STUB, "", "**Answer.**\n\n", "*Your words here.*"])
def test_what_nobody_wrote_is_not_to_be_read(tmp_path, stub):
    made.write_lab(tmp_path)
    hand_in(tmp_path / "in", "a", stub)
    assert run(tmp_path) == 0
    assert rows(tmp_path) == []
    [row] = rows(tmp_path, "grades.csv")
    assert (row["to_read"], row["ex3"]) == ("0", "0")


def test_exercise_ten_comes_after_nine():
    assert sorted(["lab1-ex10", "lab1-ex9", "lab1-ex1"], key=marks._natural)[-1] == "lab1-ex10"
