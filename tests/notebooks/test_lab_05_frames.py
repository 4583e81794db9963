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
    notebook = nbformat.read(ROOT / "notebooks" / "05_parking_case_study.ipynb", as_version=4)
    (source,) = (cell.source for cell in notebook.cells if cell.get("id") == "lab5-real")
    lines = source.splitlines()
    first, last = (next(k for k, v in enumerate(lines) if v.startswith(w)) for w in ("FOL", "str"))
    names = {"FRAMES": str(folder), "pathlib": pathlib, "pictures": pictures}
    exec("\n".join(lines[first:last]), names)
    return [path.name for path in names["names"]]


def test_hidden_files_are_passed_over_and_every_usual_format_counts(tmp_path):
    for name in ("a.JPG", "b.bmp", "c.webp"):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).convert("RGB").save(tmp_path / name)
    (tmp_path / "._a.JPG").write_bytes(b"\0\5\x16\7")
    assert listed(tmp_path) == ["a.JPG", "b.bmp", "c.webp"]


@pytest.mark.parametrize("name", ["", "a.heic", "film.mp4", "nowhere"])
def test_a_folder_without_pictures_is_said_to_be_one(tmp_path, name):
    if "." in name:
        (tmp_path / name).write_bytes(b"x")
    folder = tmp_path if name in ("", "a.heic") else tmp_path / name
    with pytest.raises(AssertionError, match=r"no picture .*\.webp.* in a folder"):
        listed(folder)
