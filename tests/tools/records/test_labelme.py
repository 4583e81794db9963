"""Records from LabelMe: polygons, rectangles and groups by hand; shapes that are no outlines."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers.errors import DataError
from helpers.records import label_map_text, read
from tests.tools.records.annotated import SIZE, from_labelme, save_picture
from tools.records import __main__ as cli

SQUARE = [[10, 10], [20, 10], [20, 20], [10, 20]]
ELSEWHERE = [[30, 20], [50, 20], [50, 30], [30, 30]]


def shape(label: str, points: list, **changes) -> dict:
    return {"label": label, "points": points, "shape_type": "polygon", "group_id": None} | changes


def labelme(folder, name: str, shapes: list, **changes) -> None:
    save_picture(folder / f"{name}.jpg")
    content = {"version": "5.5.0", "shapes": shapes, "imagePath": f"{name}.jpg"}
    content |= {"imageData": None, "imageHeight": SIZE[0], "imageWidth": SIZE[1]} | changes
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_polygons_rectangles_and_groups(tmp_path, capsys):
    shapes = [
        shape("van", SQUARE, group_id=4),
        shape("car", SQUARE),
        shape("van", ELSEWHERE, group_id=4),
        shape("car", [[50, 30], [30, 20]], shape_type="rectangle"),
    ]
    labelme(tmp_path, "a", shapes)
    labelme(tmp_path, "b", [])
    assert cli.main(["from-labelme", str(tmp_path), str(tmp_path / "out.tfrecord")]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["counts"]["objects"] == 3
    assert "without a JSON file" not in said.err
    first, second = read(tmp_path / "out.tfrecord")
    assert first.class_names == ("van", "car", "car")
    assert first.classes.tolist() == [2, 1, 1]
    square, elsewhere = np.zeros((2, *SIZE), bool)
    square[10:20, 10:20] = elsewhere[20:30, 30:50] = True
    np.testing.assert_array_equal(first.masks, [square | elsewhere, square, elsewhere])
    assert first.boxes[0].tolist() == [10, 10, 30, 50]
    assert (first.source_id, len(second.classes)) == ("a", 0)


def test_pictures_without_a_file_are_counted(tmp_path, capsys):
    labelme(tmp_path, "a", [shape("car", SQUARE)])
    save_picture(tmp_path / "b.jpg")  # LabelMe writes nothing where nothing is drawn
    assert cli.main(["from-labelme", str(tmp_path), str(tmp_path / "out.tfrecord")]) == 0
    assert "ignored: 1 pictures without a JSON file, as b.jpg" in capsys.readouterr().err


def test_a_label_map_decides_about_numbers(tmp_path):
    labelme(tmp_path, "a", [shape("car", SQUARE)])
    (tmp_path / "map.txt").write_text(label_map_text({1: "van", 5: "car"}), encoding="utf-8")
    from_labelme(tmp_path, tmp_path / "out.tfrecord", label_map=tmp_path / "map.txt")
    [example] = read(tmp_path / "out.tfrecord")
    assert example.classes.tolist() == [5]
    labelme(tmp_path, "a", [shape("tram", SQUARE)])
    with pytest.raises(DataError, match="a label of the label map: van, car, found 'tram'"):
        from_labelme(tmp_path, tmp_path / "out.tfrecord", label_map=tmp_path / "map.txt")


def test_pictures_in_another_folder(tmp_path):
    labelme(tmp_path / "json", "a", [shape("car", SQUARE)], imagePath="..\\photos\\a.jpg")
    out = tmp_path / "out.tfrecord"
    with pytest.raises(DataError, match="--images names the folder"):
        from_labelme(tmp_path / "json", out)
    save_picture(tmp_path / "photos" / "a.jpg")
    assert from_labelme(tmp_path / "json", out, images=tmp_path / "photos")["records"] == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (shape("car", [[1, 1], [5, 5]], shape_type="circle"), "found circle of 2 points"),
        (shape("car", SQUARE[:2]), "at least 6 numbers"),
        (shape("car", [[1, 1], [5], [7, 7]]), "x and y"),
        (shape("car", [[1, 1], [5, None], [7, 7]]), "finite"),
        (shape("car", [[1, 1], [5, 1e9], [7, 7]]), "in or near a picture"),
        (shape("car", None), r"shape 1 \(car\), points"),
    ],
)
def test_a_wrong_shape_is_named(tmp_path, wrong, words):
    labelme(tmp_path, "a", [shape("car", SQUARE), wrong])
    labelme(tmp_path, "b", [])
    with pytest.raises(DataError, match=rf"a\.jpg: .*{words}"):
        from_labelme(tmp_path, tmp_path / "out.tfrecord")
    manifest = from_labelme(tmp_path, tmp_path / "out.tfrecord", skip_bad=True)
    assert manifest["left_out"] == ["a"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "expected JSON"), ("[]", "an object"), ("{}", "shapes"), ('{"shapes": [1]}', "label")],
)
def test_other_files_are_named(tmp_path, text, words):
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"x\.json.*{words}"):
        from_labelme(tmp_path, tmp_path / "out.tfrecord")


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="LabelMe's"):
        from_labelme(tmp_path, tmp_path / "out.tfrecord")
