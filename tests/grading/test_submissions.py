"""Nobody vanishes: whatever lies in a folder is graded or listed, with the reason."""

from __future__ import annotations

import csv
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.grading import made
from tools.grading import labs, report, submissions
from tools.grading.grades import Grade, Verdict
from tools.grading.students import identity
from tools.handed_in import MAX_BYTES

NOTEBOOK = json.dumps(made.submission()).encode()


def put(path: Path, content: bytes = NOTEBOOK) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def found_in(folder: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Files by student, and reasons by place."""
    found = submissions.find(folder)
    by_student: dict[str, list[str]] = {}
    for each in found.submissions:
        by_student.setdefault(each.student, []).append(each.place)
    return by_student, {each.place: each.why for each in found.left_out}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "in" / "anna" / "lab1.ipynb")
    return tmp_path / "in"


@pytest.mark.parametrize(
    "name",
    [
        "bob/lab1/lab1.ipynb", "bob/a/b/c/lab1.ipynb", "bob/lab1.IPYNB", "bob.ipynb.txt",
        "bob.ipynb", "bob/lab1.ipynb.json", "bob/-rf.ipynb", "bob/.answer.ipynb",
    ],
)  # fmt: skip
def test_notebooks_are_found_under_any_name_and_depth(folder, name):
    put(folder / name)
    by_student, left_out = found_in(folder)
    assert by_student == {"anna": ["anna/lab1.ipynb"], "bob": [name]}
    assert left_out == {}


def test_archives_are_read(folder):
    zipped(folder / "bob.zip", {"lab1/lab1.ipynb": NOTEBOOK, "__MACOSX/._lab1.ipynb": b"x"})
    zipped(
        folder / "carl" / "hand in.ZIP", {"..\\..\\lab1.ipynb": NOTEBOOK, "/etc/lab2.ipynb": b""}
    )
    tarred(folder / "dora.tar.gz", {"../../lab1.ipynb": NOTEBOOK})
    tarred(folder / "emil.tar", {"lab1.ipynb": NOTEBOOK}, "w")
    by_student, left_out = found_in(folder)
    assert set(by_student) == {"anna", "bob", "carl", "dora", "emil"}
    assert len(by_student["carl"]) == 2 and left_out == {}
    for each in submissions.find(folder).submissions:
        assert each.read() in (NOTEBOOK, b"")


def test_a_whole_download_of_moodle_is_read_as_it_is(tmp_path):
    name = "Ada Lovelace_48213_assignsubmission_file_"
    path = zipped(tmp_path / "download.zip", {f"{name}/lab1.ipynb": NOTEBOOK, "b.ipynb": NOTEBOOK})
    by_student, _ = found_in(path)
    assert set(by_student) == {name, "b"}


def test_what_is_not_graded_is_listed_with_the_reason(folder):
    (folder / "empty").mkdir()
    (folder / "link").symlink_to(folder / "anna")
    put(folder / "bob" / "notes.pdf")
    put(folder / "carl" / "work.7z")
    put(folder / "dora.zip", b"PK not really")
    (folder / "emil" / "x.ipynb").mkdir(parents=True)
    (folder / "frida").mkdir()
    (folder / "frida" / "lab1.ipynb").symlink_to(folder / "anna" / "lab1.ipynb")
    os.mkfifo(folder / "pipe.ipynb")
    put(folder / ".hidden" / "lab1.ipynb")
    zipped(folder / "nested.zip", {"inner.zip": b"", "a.txt": b""})
    zipped(folder / "nothing.zip", {})
    by_student, left_out = found_in(folder)
    assert set(by_student) == {"anna"}
    expected = {
        "empty": "empty folder", "link": "a link", "bob/notes.pdf": "not a notebook",
        "carl/work.7z": "unpack it", "dora.zip": "cannot be read", "emil/x.ipynb": "empty folder",
        "frida/lab1.ipynb": "a link", "pipe.ipynb": "not a file", ".hidden": "hidden",
        "nested.zip!inner.zip": "within an archive", "nested.zip!a.txt": "not a notebook",
        "nothing.zip": "without a file",
    }  # fmt: skip
    assert set(left_out) == set(expected)
    for place, why in expected.items():
        assert why in left_out[place], place


def test_nobody_vanishes_from_an_archive_of_the_class(tmp_path):
    members = {
        "anna/lab1.ipynb": NOTEBOOK, "empty/": b"", "folders/a/b/": b"", "junk/.DS_Store": b"x",
        "saved/.ipynb_checkpoints/lab1-checkpoint.ipynb": NOTEBOOK, "__MACOSX/._anna": b"x",
    }  # fmt: skip
    by_student, left_out = found_in(zipped(tmp_path / "class.zip", members))
    assert set(by_student) == {"anna"}
    assert left_out == dict.fromkeys(["empty", "folders/a/b", "junk", "saved"], "an empty folder")


@pytest.mark.parametrize("kind", ["a zip", "a folder", "a zip in a folder"])
def test_one_folder_round_the_class_is_not_one_student(tmp_path, kind):
    outlines = {1: labs.read(made.write_lab(tmp_path) / "01_made.ipynb").outline}
    members = {f"{name}/01_made.ipynb": NOTEBOOK for name in ("anna", "bob")}
    members["carl/notes.pdf"] = b"x"
    place = tmp_path / "in"
    if kind == "a zip":
        place = zipped(tmp_path / "in.zip", {f"class/{n}": data for n, data in members.items()})
    elif kind == "a zip in a folder":
        zipped(place / "class.zip", members)
    else:
        for name, content in members.items():
            put(place / "class" / name, content)
    found = submissions.find(place)
    chosen = submissions.newest(found, outlines)
    assert [each.student for each in chosen] == ["anna", "bob"]
    assert [each.student for each in found.left_out] == ["carl"]


def test_what_systems_leave_behind_is_passed_over(folder):
    for name in ("._lab1.ipynb", ".DS_Store", "Thumbs.db"):
        put(folder / "anna" / name, b"x")
    put(folder / "anna" / ".ipynb_checkpoints" / "lab1-checkpoint.ipynb")
    put(folder / "__MACOSX" / "anna" / "._lab1.ipynb")
    assert found_in(folder) == ({"anna": ["anna/lab1.ipynb"]}, {})


def test_bombs_are_ended(folder, monkeypatch):
    zipped(folder / "bob.zip", {"lab1.ipynb": bytes(200_000_000)})
    tarred(folder / "carl.tar.gz", {"big.bin": bytes(50_000_000)})
    monkeypatch.setattr(submissions, "MAX_UNPACKED", 1_000_000)
    found = submissions.find(folder)
    [bob] = [each for each in found.submissions if each.student == "bob"]
    assert len(bob.read()) == MAX_BYTES + 1
    assert "more than can be looked through" in found.left_out[0].why


def test_names_that_are_not_utf_8_stay_apart_and_can_be_written(folder):
    for name in (b"M\xfcller", b"M\xe4ller"):
        inner = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        put(inner / "lab1.ipynb")
    put(folder / "right\u202eleft\x1b[31m" / "lab1.ipynb")
    found = submissions.find(folder).submissions
    names = [each.student for each in found]
    assert len(set(names)) == len({each.key for each in found}) == 4
    for name in names:
        assert name.encode("utf-8").decode().isprintable()


def test_of_two_files_of_one_student_the_newer_counts_and_both_are_named(folder):
    outlines = {1: labs.read(made.write_lab(folder.parent) / "01_made.ipynb").outline}
    os.utime(folder / "anna" / "lab1.ipynb", (1, 1))
    put(folder / "anna.ipynb")
    os.utime(folder / "anna.ipynb", (2, 2))
    put(folder / "anna" / "readme.ipynb", b"{}")
    found = submissions.find(folder)
    assert len({each.key for each in found.submissions}) == 3
    chosen = submissions.newest(found, outlines)
    assert [each.place for each in chosen] == ["anna.ipynb", "anna/readme.ipynb"]
    assert "anna.ipynb counts, not anna/lab1.ipynb" in chosen[0].note
    assert [(e.place, "older file" in e.why) for e in found.left_out] == [("anna/lab1.ipynb", True)]


def test_canvas_files_of_one_student_are_one_student(folder):
    outlines = {1: labs.read(made.write_lab(folder.parent) / "01_made.ipynb").outline}
    for number, name in enumerate(
        ["lovelaceada_7_100_lab1.ipynb", "lovelaceada_LATE_7_105_lab1-1.ipynb"]
    ):
        put(folder / name)
        os.utime(folder / name, (number, number))
    chosen = submissions.newest(submissions.find(folder), outlines)
    assert [each.name for each in chosen if each.student != "anna"] == [
        "lovelaceada_LATE_7_105_lab1-1.ipynb"
    ]


def test_moodle_files_of_one_student_are_one_student(folder):
    """As Moodle names them without folders; a student may have named one `lab 1 (2)`."""
    outlines = {1: labs.read(made.write_lab(folder.parent) / "01_made.ipynb").outline}
    head = "Ada Lo_48213_assignsubmission_file_"
    for number, name in enumerate(["lab1.ipynb", "lab 1 (2).ipynb"]):
        put(folder / f"{head}{name}")
        os.utime(folder / f"{head}{name}", (number, number))
    put(folder / "Ada Lo_48214_assignsubmission_file_lab1.ipynb")  # another of the same name
    chosen = submissions.newest(submissions.find(folder), outlines)
    ids = [identity(each.student).number for each in chosen if each.student != "anna"]
    assert sorted(ids) == ["48213", "48214"]


@pytest.mark.parametrize(
    ("folder_name", "expected"),
    [
        ("Ada Lovelace_48213_assignsubmission_file_", ("Ada Lovelace", "48213", "")),
        ("Ada Lo_ada@uni.edu_48213_assignsubmission_file", ("Ada Lo", "48213", "ada@uni.edu")),
        ("Ada Lo_48213_assignsubmission_file_lab 1 (2)", ("Ada Lo", "48213", "")),
        ("lovelaceada_12345_67890_lab1-1", ("lovelaceada", "12345", "")),
        ("lovelaceada_LATE_12345_67890_lab1", ("lovelaceada", "12345", "")),
        ("0012345", ("0012345", "0012345", "")),
        ("ada_l@uni.edu", ("ada_l@uni.edu", "", "ada_l@uni.edu")),
        ("bob", ("bob", "", "")),
    ],
)  # fmt: skip
def test_who_a_student_is_for_a_learning_platform(folder_name, expected):
    who = identity(folder_name)
    assert (who.name, who.number, who.email) == expected


def read(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def test_tables_for_moodle_and_canvas_have_a_row_a_student_and_a_column_a_lab(tmp_path):
    def grade(student: str, lab: str, points: float) -> Grade:
        verdict = Verdict("x", "x", "code", points, 20)
        return Grade(student, f"{student}/x.ipynb", "k", lab, 1, [verdict])

    grades = [
        grade("Jürgen Groß_48213_assignsubmission_file_", "01_masks", 12),
        grade("Jürgen Groß_99999_assignsubmission_file_", "02_unet", 13.5),
        grade("lovelaceada_7_100_lab1", "01_masks", 3),
        grade("lovelaceada_7_222_lab2", "02_unet", 4),
        grade("=bob", "01_masks", 5),
    ]
    report.write_tables(tmp_path, grades, [submissions.LeftOut("zoe", "zoe.7z", "an archive")])
    moodle = read(tmp_path / "grades-moodle.csv")
    assert moodle[0] == {
        "Identifier": "Participant 48213", "Full name": "Jürgen Groß", "ID number": "",
        "Email address": "", "01_masks": "12", "02_unet": "13.5",
    }  # fmt: skip
    canvas = read(tmp_path / "grades-canvas.csv")
    assert canvas[0]["Student"] == "Points Possible" and canvas[0]["01_masks"] == "20"
    assert [c["ID"] for c in canvas] == ["", "", "7", ""]
    assert (canvas[2]["01_masks"], canvas[2]["02_unet"]) == ("3", "4")
    assert len(moodle) == 3 and len(canvas) == 4
    table = read(tmp_path / "grades.csv")
    assert table[-1]["problems"] == "not graded: an archive"
    assert table[-2]["student"] == "'=bob"


def test_a_folder_without_a_notebook_says_what_lies_there(tmp_path):
    put(tmp_path / "bob" / "lab1.pdf")
    with pytest.raises(FileNotFoundError, match=r"bob/lab1\.pdf: not a notebook"):
        submissions.find(tmp_path)
