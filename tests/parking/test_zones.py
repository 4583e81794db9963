from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from helpers import DATA
from helpers.errors import DataError
from parking.zones import (
    Zone,
    ZoneError,
    check_camera,
    read_camera,
    write_camera,
    zone_problems,
)
from tests.parking.made import camera

CAMERAS = sorted((DATA / "kerbside" / "cameras").glob("*.json"))


def square(left=10, top=10, right=30, bottom=30, **changes) -> Zone:
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)
    facts = dict(name="z", kind="sidewalk", no_parking=True, needs_time=False, image=corners)
    return Zone(**facts | changes)


def test_every_camera_of_kerbside_is_accepted() -> None:
    assert len(CAMERAS) > 100
    for path in CAMERAS:
        read = read_camera(path)
        assert read.size == (240, 320) and read.forbidden


def test_points_go_to_the_picture_and_back() -> None:
    made = camera()
    points = np.array([(0.0, 12.0), (5.0, 30.0), (-3.0, 60.0)])
    for height in (0.0, 0.15):
        lifted = np.column_stack([points, np.full(3, height)])
        assert np.allclose(made.to_ground(made.to_image(lifted), height), points, atol=1e-6)


def test_the_sky_is_nowhere_on_the_ground() -> None:
    assert np.isnan(camera().to_ground(np.array([80.0, 0.0]))).all()
    assert np.isnan(camera().to_image(np.array([0.0, -20.0]))).all()


def test_written_and_read_again_nothing_changes(tmp_path) -> None:
    made = camera()
    read = read_camera(write_camera(made, tmp_path / "new" / "made.json"))
    assert [zone.name for zone in read.zones] == [zone.name for zone in made.zones]
    assert np.array_equal(read.matrix, made.matrix)
    assert all(
        np.array_equal(a.image, b.image) for a, b in zip(read.zones, made.zones, strict=True)
    )
    assert not list((tmp_path / "new").glob(".*"))


BOW = np.array([(10, 10), (30, 30), (30, 10), (10, 30)], float)
LINE = np.array([(10, 10), (20, 20), (30, 30)], float)


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        (square(image=BOW), "Self-intersection[20 20]"),
        (square(200, 10, 220, 30), "lies outside the frame"),
        (square(140, 10, 180, 30), "Cut it at the frame's edge"),
        (square(kind="pavement"), "a known kind"),
        (square(image=LINE), "all points on one line"),
        (square(image=BOW[:2]), "three or more points"),
        (square(image=np.full((4, 2), np.nan)), "finite numbers"),
        (square(ground=BOW), "polygon_ground"),
    ],
)
def test_an_impossible_zone_is_named(zone: Zone, says: str) -> None:
    (problem,) = zone_problems(zone, camera())
    assert "'z'" in problem and says in problem


def test_a_good_zone_has_no_problem() -> None:
    assert zone_problems(square(), camera()) == []
    assert zone_problems(square(0, 0, 160, 120), camera()) == []
    star = np.array([(10, 10), (20, 18), (30, 10), (24, 30), (16, 30)], float)
    assert zone_problems(square(image=star), camera()) == []


def test_every_problem_is_told_at_once() -> None:
    zones = [square(), square(image=BOW), square(200, 0, 220, 30, name="far")]
    with pytest.raises(ZoneError, match=r"(?s)cross.*far.*2 called 'z'"):
        check_camera(replace(camera(), zones=tuple(zones)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.pop("zones"), "zones"),
        (lambda c: c.update(width="wide"), "width: expected a whole number"),
        (lambda c: c.update(width=0), "1 to 32768 pixels"),
        (lambda c: c.update(matrix=[[1, 2], [3, 4]]), "rows of 4"),
        (lambda c: c["zones"][0].pop("polygon_image"), "polygon_image"),
        (lambda c: c["zones"][0].update(kind="garden"), "known kind"),
    ],
)
def test_a_damaged_camera_file_is_an_error_with_its_name(tmp_path, change, says) -> None:
    path = write_camera(camera(), tmp_path / "made.json")
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ZoneError, match=says):
        read_camera(path)


def test_a_missing_or_broken_file_says_so(tmp_path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.json: expected a camera file, found No such"):
        read_camera(tmp_path / "nowhere.json")
    (tmp_path / "half.json").write_text('{"zones": [')
    with pytest.raises(DataError, match=r"half\.json: expected JSON"):
        read_camera(tmp_path / "half.json")


def test_a_camera_without_calibration_says_what_it_lacks() -> None:
    bare = replace(camera(), matrix=None, homography=None)
    with pytest.raises(ZoneError, match="homography"):
        bare.to_ground(np.zeros(2))
    with pytest.raises(ZoneError, match="a zone 'x'"):
        bare.zone("x")
