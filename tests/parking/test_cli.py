from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

import cv2
import numpy as np
import pytest

from parking import __main__ as cli
from parking.zones import write_camera
from tests.parking.made import SIZE, camera, parks, street, stub
from tests.parking.test_lot import INSIDE, lot


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "clip").mkdir()
    picture = cv2.imencode(".jpg", street())[1].tobytes()
    for k in range(30):
        (tmp_path / "clip" / f"{k:04d}.jpg").write_bytes(picture)
    write_camera(camera(), tmp_path / "camera.json")
    detect = stub(parks(4, 27))

    def loaded(name, threshold=0.3):
        return partial(lambda image, threshold: detect(image), threshold=threshold)

    monkeypatch.setattr(cli, "_detector", loaded)
    return tmp_path


def analyse(place, *more: str, clip="clip", camera="camera.json") -> int:
    out = ["--out", str(place / "report"), "--no-video", "--fps", "2", *more]
    return cli.main(["analyse", str(place / clip), "--camera", str(place / camera), *out])


def test_a_clip_becomes_a_report_and_the_last_line_is_json(place, capsys) -> None:
    assert analyse(place) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out.splitlines()[-1])
    assert result["violations"] == 1 and result["complete"]
    assert (place / "report" / "report.html").is_file()
    assert printed.err.count("alert: ") == 1 and "sidewalk" in printed.err


def test_an_incomplete_analysis_exits_with_3_and_keeps_its_report(place, capsys) -> None:
    (place / "clip" / "0029.jpg").write_bytes(b"")
    assert analyse(place) == 3
    printed = capsys.readouterr()
    assert "incomplete: " in printed.err
    assert json.loads(printed.out)["complete"] is False
    assert json.loads((place / "report" / "events.json").read_text())["events"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (dict(camera="nowhere.json"), "expected a camera file, found No such file"),
        (dict(clip="nowhere.mp4"), "no such file"),
        (dict(clip="camera.json"), "a video"),
    ],
)
def test_bad_input_is_one_clear_line(place, capsys, files, says) -> None:
    assert analyse(place, **files) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and says in printed.err and "Traceback" not in printed.err
    assert not (place / "report").exists()


def test_a_zone_outside_the_frame_is_refused(place, capsys) -> None:
    content = json.loads((place / "camera.json").read_text())
    content["zones"][0]["polygon_image"] = [[500, 10], [600, 10], [600, 90]]
    (place / "camera.json").write_text(json.dumps(content))
    assert analyse(place) == 1
    assert "lies outside the frame" in capsys.readouterr().err


def test_a_reference_view_shows_that_the_camera_was_turned_before(place, capsys) -> None:
    other = np.roll(street(), 12, axis=1)
    cv2.imwrite(str(place / "reference.png"), other)
    assert analyse(place, "--reference", str(place / "reference.png")) == 3
    assert "camera" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--limit", "nan"), ("--limit", "-3"), ("--fps", "0")])
def test_seconds_and_frames_are_numbers_above_zero(place, capsys, option) -> None:
    with pytest.raises(SystemExit):
        analyse(place, *option)
    assert "a number above 0" in capsys.readouterr().err


def test_help_needs_no_opencv() -> None:
    code = "import sys, parking.__main__ as m; m._parser(); print('cv2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def labelme(place, shapes, size=SIZE) -> str:
    content = {
        "imagePath": "f.jpg",
        "imageHeight": size[0],
        "imageWidth": size[1],
        "shapes": shapes,
    }
    (place / "frame.json").write_text(json.dumps(content))
    return str(place / "frame.json")


BAY = {"label": "hydrant: bay", "shape_type": "polygon",
       "points": [[60, 80], [90, 80], [90, 100], [60, 100]]}  # fmt: skip


def test_zones_are_drawn_in_labelme_and_measured_on_the_ground(place, capsys) -> None:
    new = str(place / "new.json")
    box = {"label": "sidewalk", "shape_type": "rectangle", "points": [[30, 90], [10, 60]]}
    drawn = labelme(place, [BAY, box, box | {"points": [[100, 60], [120, 90]]}])
    assert cli.main(["zones", drawn, "--camera", str(place / "camera.json"), "--out", new]) == 0
    zones = json.loads(capsys.readouterr().out)["zones"]
    assert zones["bay"] == "hydrant" and zones["lane"] == "lane"  # drawn anew, and kept
    assert {"sidewalk_1", "sidewalk_2", "sidewalk"} < set(zones)
    assert cli.main(["zones", new]) == 0  # what was written is accepted
    stored = {zone["name"]: zone for zone in json.loads((place / "new.json").read_text())["zones"]}
    assert stored["sidewalk_1"]["height"] > 0 and stored["bay"]["polygon_ground"]


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (BAY | {"label": "hydrent"}, "found polygon 'hydrent'"),
        (BAY | {"shape_type": "circle"}, "found circle"),
        (BAY | {"points": [[60, 80], [90, 100], [90, 80], [60, 100]]}, "sides that do not cross"),
    ],
)
def test_a_shape_that_is_no_zone_is_refused(place, capsys, shape, says) -> None:
    assert cli.main(["zones", labelme(place, [shape]), "--out", str(place / "new.json")]) == 1
    assert says in capsys.readouterr().err and not (place / "new.json").exists()


def test_a_frame_of_another_size_is_refused(place, capsys) -> None:
    drawn = labelme(place, [BAY], (480, 640))
    assert cli.main(["zones", drawn, "--camera", str(place / "camera.json")]) == 1
    assert "160 x 120 pixels" in capsys.readouterr().err


def test_zones_lists_a_camera(place, capsys) -> None:
    assert cli.main(["zones", str(place / "camera.json")]) == 0
    assert json.loads(capsys.readouterr().out)["zones"]["lane"] == "lane"


def test_evaluate_lot_ends_with_one_object(tmp_path, capsys) -> None:
    folder = lot(tmp_path / "a", [(60, 60, INSIDE)])
    assert cli.main(["evaluate-lot", str(folder), "--true-masks"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["frames"] == 1 and result["accuracy_true_masks"] == 1.0
    assert {"precision_outside", "recall_outside", "accuracy_system"} < set(result)
