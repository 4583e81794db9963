"""The zone editor from code and through its widgets."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import DATA
from parking.editor import ZoneEditor
from parking.zones import ZoneError, read_camera

SQUARE = [(100, 150), (200, 150), (200, 200), (100, 200)]


@pytest.fixture
def editor() -> ZoneEditor:
    camera = read_camera(DATA / "kerbside/cameras/2000.json")
    return ZoneEditor(np.zeros((*camera.size, 3), np.uint8), camera)


def test_corners_move_come_and_go_and_the_ground_follows(editor):
    editor.add("bay", "hydrant", SQUARE)
    before = editor.camera.zone("bay").ground
    editor.move("bay", 0, (90, 140))
    zone = editor.camera.zone("bay")
    assert zone.image[0].tolist() == [90, 140]
    assert not np.allclose(zone.ground[0], before[0])
    assert np.allclose(zone.ground[1:], before[1:])
    assert np.allclose(editor.camera.to_image(zone.ground), zone.image)
    editor.insert("bay", 3)  # between the last and the first
    assert editor.camera.zone("bay").image[4].tolist() == [95, 170]
    editor.delete("bay", 4)
    assert len(editor.camera.zone("bay").image) == 4
    editor.remove("bay")
    assert "bay" not in {zone.name for zone in editor.zones}


def test_kinds_decide_what_needs_time(editor):
    editor.add("bus", "bus_lane", SQUARE)
    editor.add("ours", "parking", SQUARE)
    zones = {zone.name: zone for zone in editor.zones}
    assert (zones["bus"].no_parking, zones["bus"].needs_time) == (True, True)
    assert zones["ours"].no_parking is False


@pytest.mark.parametrize(
    ("kind", "points", "message"),
    [
        ("hydrent", SQUARE, "a known kind"),
        ("hydrant", [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], "sides that do not cross"),
        ("hydrant", [(-50, 10), (20, 10), (20, 40)], "frame"),
        ("hydrant", SQUARE[:2], "three or more points"),
    ],
)
def test_a_wrong_zone_is_named_and_never_saved(editor, tmp_path, kind, points, message):
    path = tmp_path / "camera.json"
    editor.save(path)
    before = path.read_bytes()
    editor.add("new", kind, points)
    assert any(message in problem for problem in editor.problems())
    with pytest.raises(ZoneError, match=message):
        editor.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["camera.json"]


def test_what_is_saved_is_read_back(editor, tmp_path):
    editor.add("bay", "hydrant", json.dumps(SQUARE))
    camera = read_camera(editor.save(tmp_path / "new" / "camera.json"))
    assert [zone.name for zone in camera.zones] == [zone.name for zone in editor.zones]
    assert np.allclose(camera.zone("bay").image, SQUARE)


@pytest.mark.parametrize("points", ["[[1, 2], [3", "[1, 2, 3]", [(1, 2, 3)], "null"])
def test_points_that_are_none_are_named(editor, points):
    with pytest.raises(ZoneError, match="zone 'x'"):
        editor.add("x", "hydrant", points)


def test_an_unknown_zone_or_corner_and_another_frame_are_named(editor):
    with pytest.raises(ZoneError, match="'nowhere'"):
        editor.remove("nowhere")
    editor.add("bay", "hydrant", SQUARE)
    with pytest.raises(ZoneError, match="from 0 to 3"):
        editor.move("bay", 4, (0, 0))
    with pytest.raises(ZoneError, match="320 x 240"):
        ZoneEditor(np.zeros((100, 100, 3), np.uint8), editor.camera)


def test_the_widgets_do_what_the_methods_do(editor, tmp_path):
    pytest.importorskip("ipywidgets")
    from parking.widgets import _Panel

    panel = _Panel(editor, tmp_path / "camera.json", ("hydrant", "sidewalk"))
    panel.name.value = "bay"
    panel.box.children[5].children[4].click()  # new zone
    assert panel.zone.value == "bay"
    panel.corner.value = 2
    panel.x.value, panel.y.value = 200.0, 210.0
    assert editor.camera.zone("bay").image[2].tolist() == [200, 210]
    assert json.loads(panel.json.value)[2] == [200, 210]
    panel.json.value = json.dumps([[100, 150], [200, 200], [200, 150], [100, 200]])
    panel.box.children[5].children[2].click()  # apply JSON
    assert "sides that do not cross" in panel.said.value
    panel.box.children[5].children[5].click()  # save
    assert not (tmp_path / "camera.json").exists()
    assert "sides that do not cross" in panel.said.value
    panel.box.children[5].children[3].click()  # delete zone
    panel.box.children[5].children[5].click()
    assert read_camera(tmp_path / "camera.json").zones
    assert bytes(panel.picture.value[:4]) == b"\x89PNG"
