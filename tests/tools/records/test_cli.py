"""`python -m tools.records show` and `stats`: the right record, true numbers, clear errors."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from helpers.errors import DataError
from helpers.records import Example, serialise, write, write_payloads
from tools.records import __main__ as cli
from tools.records import contents


def make_example(name: str, boxes: list[tuple[int, int, int, int]], **changes) -> Example:
    """A grey picture of 40 x 60 whose masks fill their boxes."""
    masks = np.zeros((len(boxes), 40, 60), bool)
    for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    content = dict(
        image=np.full((40, 60, 3), 128, np.uint8),
        boxes=np.array(boxes, float).reshape(-1, 4),
        classes=np.ones(len(boxes), np.int64),
        masks=masks,
        crowd=np.zeros(len(boxes), bool),
        source_id=name,
        class_names=("$car$",) * len(boxes),
    )
    return Example(**content | changes)


@pytest.fixture
def shards(tmp_path):
    """Three records in two shards: two objects, none, one object and one crowd."""
    two = make_example("two", [(0, 0, 10, 10), (20, 30, 40, 60)])
    crowded = make_example(
        "crowded",
        [(0, 0, 40, 60), (5, 5, 7, 7)],
        crowd=np.array([True, False]),
        class_names=("person", "person"),
    )
    write(tmp_path / "x.tfrecord-00000-of-00002", [two, make_example("none", [])])
    write(tmp_path / "x.tfrecord-00001-of-00002", [crowded])
    return tmp_path


def test_show_counts_through_all_shards(shards, capsys):
    out = shards / "new" / "picture.png"
    pattern = str(shards / "x.tfrecord-*")
    assert cli.main(["show", pattern, "--index", "2", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["source_id"] == "crowded"
    assert found["objects"][1] == {"class": "person", "box": [5.0, 5.0, 7.0, 7.0]}
    assert [path.name for path in out.parent.iterdir()] == ["picture.png"]
    Image.open(out).verify()


def test_the_picture_has_masks_outlines_boxes_and_names():
    example = make_example("the source", [(10, 10, 30, 30)])
    figure = contents.draw(example)
    figure.canvas.draw()  # a dollar sign in a name must not be taken for a formula
    [axes] = figure.axes
    shown = axes.images[0].get_array()
    scale = shown.shape[0] // 40
    assert scale > 1
    centre, corner, outside = shown[20 * scale, 20 * scale], shown[10 * scale, 10 * scale], shown[0]
    assert (outside == 128).all()
    assert tuple(corner) == (230, 159, 0)
    np.testing.assert_allclose(centre, 0.55 * 128 + 0.45 * np.array(corner, float), atol=0.51)
    assert [text.get_text() for text in axes.texts] == ["1 $car$"]
    assert axes.get_title().startswith("the source: 60 × 40 pixels")
    assert axes.patches[0].get_bbox().extents.tolist() == [10, 10, 30, 30]


@pytest.mark.parametrize("index", [3, -1])
def test_an_index_out_of_range_is_a_clear_error(shards, capsys, index):
    out = shards / "picture.png"
    arguments = ["show", str(shards / "x.tfrecord-*"), f"--index={index}", "--out", str(out)]
    assert cli.main(arguments) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: --index for 2 files")
    assert f"expected a number from 0 to 2, found {index}" in line
    assert not out.exists()


def test_unknown_formats_and_missing_files_are_errors(shards, capsys):
    file = str(shards / "x.tfrecord-00000-of-00002")
    assert cli.main(["show", file, "--out", str(shards / "picture.xyz")]) == 1
    assert "png" in capsys.readouterr().err
    assert cli.main(["stats", str(shards / "y*")]) == 1
    assert f"error: {shards / 'y*'}: expected a TFRecord file" in capsys.readouterr().err


def test_patterns_name_each_file_once(shards):
    names = [f"x.tfrecord-{k:05}-of-00002" for k in range(2)]
    found = contents.find_files([str(shards / names[1]), str(shards / "x.*")])
    assert [path.name for path in found] == [names[1], names[0]]
    odd = shards / "[odd].tfrecord"
    odd.touch()
    assert contents.find_files([str(odd)]) == [odd]
    with pytest.raises(DataError, match="nothing"):
        contents.find_files([str(shards / "nothing")])


def test_statistics_of_known_records(shards, capsys):
    pattern = str(shards / "x.tfrecord-*")
    assert cli.main(["stats", pattern, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["records"], found["instances"], found["crowd"]) == (3, 3, 1)
    assert found["classes"] == {"$car$": 2, "person": 1}
    assert found["pictures_without_instances"] == 1
    assert found["height"] == dict.fromkeys(("minimum", "median", "mean", "maximum"), 40.0)
    assert found["instances_per_picture"]["maximum"] == 2
    # 10 x 10, 20 x 30 and 2 x 2 pixels; the crowd's 2,400 are no instance's.
    area = found["mask_area"]
    assert (area["minimum"], area["median"], area["maximum"]) == (4, 100, 600)
    assert area["mean"] == pytest.approx(704 / 3, abs=1e-3)
    assert found["mask_share_of_picture"]["maximum"] == 0.25
    assert cli.main(["stats", pattern]) == 0
    assert "classes: $car$ 2, person 1" in capsys.readouterr().out.splitlines()


def test_one_class_under_two_names_is_said(tmp_path, capsys):
    for name in ("car", "van"):
        example = make_example(name, [(0, 0, 9, 9)], classes=np.array([1]), class_names=(name,))
        write(tmp_path / f"{name}.tfrecord", [example])
    assert cli.main(["stats", str(tmp_path / "car.tfrecord")]) == 0
    assert "several names" not in capsys.readouterr().err
    assert cli.main(["stats", str(tmp_path / "*.tfrecord")]) == 0
    assert "class 1 has several names, ['car', 'van']" in capsys.readouterr().err


def test_statistics_without_names_and_without_objects():
    unnamed = make_example("a", [(0, 0, 1, 1)], class_names=(), classes=np.array([7]))
    assert contents.statistics([unnamed])["classes"] == {"class 7": 1}
    empty = contents.statistics([make_example("b", [])])
    assert (empty["records"], empty["classes"], empty["mask_area"]) == (1, {}, {})


def test_damaged_records_stop_it_or_are_counted(tmp_path, capsys):
    path = tmp_path / "damaged.tfrecord"
    write_payloads(path, [serialise(make_example("good", [])), b"\xff"])
    assert cli.main(["stats", str(path)]) == 1
    assert f"{path}, record 1" in capsys.readouterr().err.splitlines()[-1]
    assert cli.main(["stats", str(path), "--json", "--skip-bad"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["damaged_records_left_out"] == 1
    assert f"left out: {path}, record 1" in captured.err


def test_it_is_reached_as_a_module(root, shards):
    command = [sys.executable, "-m", "tools.records", "stats", "--json", shards / "x.tfrecord-*"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, encoding="utf-8", check=False, timeout=170
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == 3
