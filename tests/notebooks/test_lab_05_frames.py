"""Lab 5's `FRAMES`: pictures of any usual format in a folder of one's own, or a word about it."""

from __future__ import annotations

import pathlib

import nbformat
import numpy as np
import pytest
from PIL import Image

from helpers import ROOT, pictures


def listed(folder: pathlib.Path) -> list[str]:
    """What the lab's own lines take from a folder."""
    return [path.name for path in run(folder, "str")["names"]]


def run(folder: pathlib.Path, end: str) -> dict:
    """Names after the lab's own lines that read a folder, up to the one that begins with `end`."""
    notebook = nbformat.read(ROOT / "notebooks" / "05_parking_case_study.ipynb", as_version=4)
    (source,) = (cell.source for cell in notebook.cells if cell.get("id") == "lab5-real")
    lines = source.splitlines()
    first, last = (next(k for k, v in enumerate(lines) if v.startswith(w)) for w in ("FOL", end))
    names = {"FRAMES": str(folder), "pathlib": pathlib, "pictures": pictures}
    exec("\n".join(lines[first:last]), names)
    return names


def test_hidden_files_are_passed_over_and_every_usual_format_counts(tmp_path):
    for name in ("a.JPG", "b.bmp", "c.webp"):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).convert("RGB").save(tmp_path / name)
    (tmp_path / "._a.JPG").write_bytes(b"\0\5\x16\7")
    assert listed(tmp_path) == ["a.JPG", "b.bmp", "c.webp"]


def test_what_is_left_out_is_said(tmp_path, capsys):
    for name in ("f1.png", "f2.png", "f3.png", "f4.png", "f5.png", "f6.png", "f7.png"):
        Image.new("RGB", (8, 6)).save(tmp_path / name)
    (tmp_path / "f0.heic").write_bytes(b"x")
    assert list(run(tmp_path, "on_camera")["street"]) == ["f1", "f2", "f3", "f4", "f5", "f6"]
    expected = "6 frames; 2 others in the folder are left out, first f0.heic\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(("name", "size"), [("a.png", (8, 6)), ("b.jpg", (9, 6))])
def test_frames_have_one_size_and_a_name_each(tmp_path, name, size):
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg")
    Image.new("RGB", size).save(tmp_path / name)
    with pytest.raises(AssertionError, match="frames of one size and a name each"):
        run(tmp_path, "on_camera")


@pytest.mark.parametrize("name", ["", "a.heic", "film.mp4", "nowhere"])
def test_a_folder_without_pictures_is_said_to_be_one(tmp_path, name):
    if "." in name:
        (tmp_path / name).write_bytes(b"x")
    folder = tmp_path if name in ("", "a.heic") else tmp_path / name
    with pytest.raises(AssertionError, match=r"no picture .*\.webp.* in a folder"):
        listed(folder)
