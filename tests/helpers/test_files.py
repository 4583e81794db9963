"""Writing whole files: what is there before, during and after."""

from __future__ import annotations

import os

import pytest

from helpers import files


def test_text_is_written_as_it_is_and_folders_are_made(tmp_path):
    path = files.write_text(tmp_path / "new" / "folder" / "a.json", "Größe\n")
    assert path.read_bytes() == "Größe\n".encode()
    assert [each.name for each in path.parent.iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(source, target):
        assert path.read_text() == "old"  # nothing is half-written at any moment
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
