"""What converters refuse: paths out of the folder, damaged pictures, other formats."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from helpers.errors import DataError
from helpers.records.fields import MAX_PIXELS
from helpers.records.sources import inside, polygon_mask, read_picture, take
from tests.helpers.records.annotated import SIZE, rectangle, save_picture


@pytest.fixture
def folder(tmp_path):
    save_picture(tmp_path / "pictures" / "sub" / "a.jpg")
    save_picture(tmp_path / "secret" / "a.jpg")
    return tmp_path / "pictures"


def test_names_inside_the_folder(folder):
    assert inside(folder, "sub/a.jpg") == (folder / "sub" / "a.jpg").resolve()
    assert inside(folder, "sub/../sub/a.jpg").is_file()


@pytest.mark.parametrize(
    "name",
    ["../secret/a.jpg", "sub/../../secret/a.jpg", "..\\secret\\a.jpg", "C:a.jpg", "", ".", "a\0b"],
)
def test_names_that_lead_outside_are_refused(folder, name):
    with pytest.raises(DataError, match="a path inside it"):
        read_picture(folder, name)


def test_absolute_names_and_links_are_refused(folder):
    outside = folder.parent / "secret" / "a.jpg"
    with pytest.raises(DataError, match="a path inside it"):
        read_picture(folder, str(outside))
    (folder / "link.jpg").symlink_to(outside)
    (folder / "door").symlink_to(outside.parent)
    for name in ("link.jpg", "door/a.jpg"):
        with pytest.raises(DataError, match="a path inside it"):
            read_picture(folder, name)


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "there").symlink_to(folder)
    assert read_picture(tmp_path / "there", "sub/a.jpg")[1:] == ("jpeg", SIZE)


def test_a_picture_is_read_without_a_change(folder):
    encoded, kind, size = read_picture(folder, "sub/a.jpg")
    assert encoded == (folder / "sub" / "a.jpg").read_bytes()
    assert (kind, size) == ("jpeg", SIZE)
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(folder / "grey.png")
    assert read_picture(folder, "grey.png")[1:] == ("png", (3, 5))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[: len(data) // 2], "truncated"),
        (lambda data: b"GIF89a" + data, "other bytes"),
        (lambda data: b"", "other bytes"),
    ],
)
def test_a_damaged_picture_is_named(folder, change, words):
    path = folder / "sub" / "a.jpg"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=rf"a\.jpg: expected a complete JPEG or PNG.*{words}"):
        read_picture(folder, "sub/a.jpg")


def test_a_missing_picture_is_named(folder):
    with pytest.raises(DataError, match=r"none\.jpg.*No such file.*--skip-bad"):
        read_picture(folder, "none.jpg")


def test_a_damaged_png_is_named(folder):
    path = folder / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, SIZE, np.uint8)).save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match="a complete JPEG or PNG"):
        read_picture(folder, "a.png")


def test_a_huge_picture_is_not_decoded(folder):
    path = folder / "huge.png"
    Image.new("1", (8200, 8200)).save(path)
    assert MAX_PIXELS < 8200**2
    with pytest.raises(DataError, match=f"at most {MAX_PIXELS} pixels, found 8200x8200"):
        read_picture(folder, "huge.png")


def test_overlapping_polygons_are_one_mask():
    parts = [rectangle(0, 0, 10, 10), rectangle(5, 5, 15, 15)]
    expected = np.zeros(SIZE, bool)
    expected[0:10, 0:10] = expected[5:15, 5:15] = True
    np.testing.assert_array_equal(polygon_mask(parts, SIZE, "x"), expected)


def test_true_is_no_number():
    with pytest.raises(DataError, match="here, id: expected int or str, found True"):
        take({"id": True}, "id", (int, str), "here")
