"""Writing whole files: what is there before, during and after."""

from __future__ import annotations

import os

import pytest

from helpers import files
from helpers.errors import DataError


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
    for write, content in ((files.write_text, "new"), (files.write_bytes, b"new")):
        with pytest.raises(OSError, match="disk full"):
            write(path, content)
        assert path.read_text() == "old"
        assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_bytes_are_written_as_they_are(tmp_path):
    content = bytes(range(256)) + b"\r\n"
    assert files.write_bytes(tmp_path / "new" / "a.bin", content).read_bytes() == content


def test_a_writer_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), files.whole(path) as temporary:
        temporary.write_bytes(b"half of the new o")
        assert path.read_bytes() == b"old"
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]


def test_json_of_others(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, {"b": null}]}', encoding="utf-8-sig")
    assert files.read_json(path) == {"a": [1, {"b": None}]}
    for text, says in {
        '{"a": 1, "b": 2, "a": 3}': "expected JSON, found the field 'a' twice",
        '[{"a": {"b": 1, "b": 1}}]': "expected JSON, found the field 'b' twice",
        "{'a': 1}": "expected JSON, found Expecting property name",
        "[" * 100_000: "expected JSON, found maximum recursion depth",
        f'{{"a": {"9" * 5000}}}': "expected JSON, found Exceeds the limit",
    }.items():
        path.write_text(text)
        with pytest.raises(DataError, match=rf"a\.json: {says}"):
            files.read_json(path)
    path.write_text('{"a": "é"}', encoding="utf-16")
    assert files.read_json(path) == {"a": "é"}
    path.write_text('{"a": "é"}', encoding="latin-1")
    with pytest.raises(DataError, match="expected JSON, found 'utf-8' codec"):
        files.read_json(path)
    for missing, says in ((tmp_path, "Is a directory"), (tmp_path / "b", "No such file")):
        with pytest.raises(DataError, match=f"expected a list, found {says}"):
            files.read_json(missing, "a list")
