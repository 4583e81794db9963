"""Names mean the files that they seem to mean, none outside; boxes turn with their masks."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import pictures
from helpers.errors import DataError
from tools.records import finding


@given(st.integers(1, 8), st.tuples(st.integers(1, 9), st.integers(1, 9)), st.data())
def test_a_box_turns_with_its_mask(orientation, size, data):
    top, left = (data.draw(st.integers(0, side - 1)) for side in size)
    bottom = data.draw(st.integers(top + 1, size[0]))
    right = data.draw(st.integers(left + 1, size[1]))
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    box = finding.upright_box(np.array([top, left, bottom, right]), orientation, size)
    turned = pictures.upright(mask, orientation)
    a, b, c, d = box
    assert turned[a:c, b:d].all()
    assert turned.sum() == (c - a) * (d - b)


# --- names ----------------------------------------------------------------------------------------

PRESENT = [
    "a.jpg", "my car.jpg", "sub/b.jpg", "Screen at 9.00.00\u202fPM.png", "12:30.jpg", "c%20d.jpg",
    "back\\slash.jpg", "Straße é.jpg", "x[1].jpg", "..dots.jpg",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name in PRESENT:
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.jpg").write_bytes(b"secret")
    return tmp_path / "images"


@pytest.mark.parametrize("name", PRESENT)
def test_a_name_that_exists_is_found_whatever_is_in_it(folder, name):
    assert finding.find(folder, name) == folder / name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (".\\a.jpg", "a.jpg"),
        ("sub\\b.jpg", "sub/b.jpg"),
        ("images\\sub\\b.jpg", "sub/b.jpg"),
        ("images/a.jpg", "a.jpg"),
        ("my%20car.jpg", "my car.jpg"),
        ("Stra%C3%9Fe%20%C3%A9.jpg", "Straße é.jpg"),
        ("Stra\u00dfe e\u0301.jpg", "Straße é.jpg"),  # macOS writes accents apart
        ("../images/a.jpg", "a.jpg"),
        ("sub/../a.jpg", "a.jpg"),
    ],
)
def test_other_spellings_are_understood(folder, name, found):
    assert finding.find(folder, name) == folder / found


@pytest.mark.parametrize(
    "name", ["../secret/s.jpg", "sub/../../secret/s.jpg", "..\\secret\\s.jpg", ""]
)
def test_no_name_climbs_out(folder, name):
    with pytest.raises(DataError, match="a path inside it"):
        finding.find(folder, name)


@pytest.mark.parametrize(
    "name", ["/data/x/a.jpg", "C:\\pics\\a.jpg", "https://x.org/u/a.jpg", "../../a.jpg"]
)
def test_the_last_part_alone_is_offered_and_taken_when_asked_for(folder, name):
    with pytest.raises(DataError, match=r"'a\.jpg' is there: with --by-name"):
        finding.find(folder, name)
    assert finding.find(folder, name, by_name=True) == folder / "a.jpg"


def test_a_name_nearly_alike_is_suggested(folder):
    (folder / "a.json").write_text("{}")
    for name, meant in {
        "a.JPG": "a.jpg",
        "A.PNG": "a.jpg",
        "a.jpeg": "a.jpg",
        "my-car.jpg": "my car.jpg",
    }.items():
        with pytest.raises(DataError, match=f"no such file. Is it '{meant}'"):
            finding.find(folder, name)


@pytest.mark.parametrize("name", ["a\0.jpg", "a" * 5000 + ".jpg", "sub", "broken.jpg"])
def test_what_is_no_file_is_refused(folder, name):
    (folder / "broken.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(DataError, match="found no such file"):
        finding.find(folder, name)


def test_links_are_followed(folder, tmp_path):
    (folder / "link.jpg").symlink_to(tmp_path / "secret" / "s.jpg")
    (folder / "door").symlink_to(tmp_path / "secret")
    assert finding.find(folder, "link.jpg").read_bytes() == b"secret"
    assert finding.find(folder, "door/s.jpg").read_bytes() == b"secret"
    (tmp_path / "there").symlink_to(folder)
    assert finding.find(tmp_path / "there", "a.jpg").is_file()


@given(name=st.text(max_size=30) | st.from_regex(r"[./\\%2e a-z:]{0,20}", fullmatch=True))
def test_any_name_is_found_inside_or_refused(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp() / "any" / "images"
    root.mkdir(parents=True, exist_ok=True)
    (root.parent / "a").write_bytes(b"outside")
    try:
        found = finding.find(root, name)
    except DataError:
        return
    assert os.path.commonpath([found, root]) == str(root)
