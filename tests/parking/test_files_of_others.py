"""Camera files, lots, videos and frames as the world writes them: read rightly, or refused.

Each case is a kind of fault that people reported of their own files; what is right stood here
before the code was run on it.
"""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
from pathlib import Path

import cv2
import imageio.v2 as imageio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

from helpers.errors import CourseError, DataError
from parking.analysis import analyse, analyse_clip, watch
from parking.clips import Clip, ClipError, open_clip
from parking.lot import read_folder
from parking.zones import ZoneError, read_camera, write_camera, zones_from_labelme
from tests.parking.made import SIZE, camera, parks, street, stub
from tests.parking.test_clips import named, uneven
from tests.parking.test_lot import INSIDE, OUTSIDE, lot

with tempfile.TemporaryDirectory() as place:
    PLAIN = json.loads(write_camera(camera(), Path(place) / "made.json").read_text())
METRES_IN = {"feet": 0.3048, "centimetres": 0.01, "kilometres": 1000.0}


def changed(change) -> dict:
    """The made camera's file after a change in place."""
    content = json.loads(json.dumps(PLAIN))
    change(content)
    return content


def stored(place: Path, content) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (place / "camera.json").write_text(text, encoding="utf-8")
    return place / "camera.json"


def zone(**changes):
    return lambda content: content["zones"][0].update(changes)


def points(key: str, change):
    """A change of one polygon of every zone that has it."""

    def every(content):
        for each in content["zones"]:
            each[key] = np.asarray(change(np.array(each[key], float))).tolist()

    return every


def uncalibrated(content, size=(1080, 1920)):
    """As most people's cameras are: zones in the picture alone."""
    content.update(matrix=None, homography_ground_to_image=None, height=size[0], width=size[1])
    del content["units"]
    for each in content["zones"]:
        each.pop("polygon_ground")


def per_cent(content):
    uncalibrated(content)
    points("polygon_image", lambda ring: ring / (160, 120) * 100)(content)


REFUSED = {
    "yes or no as text": (zone(no_parking="false"), "no_parking: expected true or false"),
    "yes or no as 0": (zone(no_parking=0), "no_parking: expected true or false"),
    "needs_time as text": (zone(needs_time="0"), "needs_time: expected true or false"),
    "needs_time null": (zone(needs_time=None), "needs_time: expected true or false"),
    "a list for a yes": (zone(no_parking=[]), "no_parking: expected true or false"),
    "a field misspelt": (zone(no_parkng=False), "no_parking"),
    "a field in camel case": (zone(noParking=False), "no_parking"),
    "a field with a hyphen": (lambda c: c["zones"][0].update({"needs-time": True}), "needs_time"),
    "height as text": (zone(height="0.13"), "height: expected a finite number.*without quotes"),
    "a kerb in centimetres": (zone(height=13), "polygon_ground, seen through the matrix"),
    "no name": (zone(name="  "), "expected a name"),
    "a name twice": (zone(name="lane"), "2 called 'lane'"),
    "a kind in capitals": (zone(kind="Sidewalk"), "a known kind"),
    "shares": (points("polygon_image", lambda r: r / (160, 120)), "Multiply them by its width"),
    "per cent": (per_cent, "per cent"),
    "other units": (lambda c: c.update(units="percent"), "units: expected 'pixels' or none"),
    "y before x": (points("polygon_image", lambda ring: ring[:, ::-1]), "zone"),
    "ground y before x": (points("polygon_ground", lambda r: r[:, ::-1]), "through the matrix"),
    "three coordinates": (points("polygon_ground", lambda r: np.c_[r, r[:, 0]]), "rows of 2"),
    "a polygon with holes": (
        lambda c: c["zones"][0].update(polygon_image=[c["zones"][0]["polygon_image"]]), "rows of"),
    "text for coordinates": (points("polygon_image", lambda r: r.astype(str)), "rows of 2 finite"),
    "a number that no float holds": (zone(polygon_image=[[10**400, 1], [2, 3], [4, 9]]), "rows"),
    "NaN in a polygon": (zone(polygon_image=[[math.nan, 1], [2, 3], [4, 9]]), "rows of 2 finite"),
    "a ring of one point": (zone(polygon_image=[[5, 5], [5, 5], [5, 5]]), "points on one line"),
    "the matrix of another camera": (
        lambda c: c.update(matrix=(np.array(c["matrix"]) @ np.diag([1, 1.5, 1, 1])).tolist(),
                           homography_ground_to_image=None), "seen through the matrix"),
    "a matrix for millimetres": (
        lambda c: c.update(matrix=(np.array(c["matrix"]) / [1e3, 1e3, 1e3, 1]).tolist(),
                           homography_ground_to_image=None), "seen through the matrix"),
    "a homography that is not the matrix's": (
        lambda c: c.update(homography_ground_to_image=np.array(
            c["homography_ground_to_image"]).T.tolist()), "another projection"),
    "text in the matrix": (
        lambda c: c.update(matrix=[[str(v) for v in row] for row in c["matrix"]]), "rows of 4"),
    "a matrix of rank 2": (
        lambda c: c.update(matrix=[[1, 2, 3, 4]] * 2 + [[0, 0, 1, 9]]), "an inverse"),
    "two rows of a matrix": (lambda c: c.update(matrix=c["matrix"][:2]), "2 rows"),
    "width and height swapped": (lambda c: c.update(width=120, height=160), "frame"),
    "half a pixel": (lambda c: c.update(width=160.5), "width: expected a whole number"),
    "true for a width": (lambda c: c.update(width=True), "width: expected a whole number"),
    "an infinite width": (lambda c: c.update(width=math.inf), "width: expected a whole number"),
    "zones as an object": (lambda c: c.update(zones={"a": {}}), "zones: expected a list"),
    "an empty zone": (lambda c: c["zones"].append(None), "zone 4: expected an object"),
    "parking only": (
        lambda c: [each.update(no_parking=False) for each in c["zones"]], "at least one with"),
    "all out of sight": (
        lambda c: [each.update(polygon_image=[]) for each in c["zones"]], "zone"),
    "a size that no camera has": (lambda c: c.update(width=10**9), "1 to 32768 pixels"),
    "a matrix by another name": (
        lambda c: c.update(homography=c.pop("homography_ground_to_image")), "of another name"),
    "out of sight and not calibrated": (
        lambda c: c.update(matrix=None, homography_ground_to_image=None,
                           zones=[c["zones"][0] | {"polygon_image": []}]), "three or more points"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_camera_file_that_would_report_what_is_not_true_is_refused(kind, tmp_path) -> None:
    change, says = REFUSED[kind]
    with pytest.raises(ZoneError, match=rf"camera\.json: (?s:.)*{says}"):
        read_camera(stored(tmp_path, changed(change)))


@pytest.mark.parametrize("unit", METRES_IN)
def test_ground_in_other_units_is_refused(unit, tmp_path) -> None:
    content = changed(points("polygon_ground", lambda ring: ring / METRES_IN[unit]))
    with pytest.raises(ZoneError, match="polygon_ground"):
        read_camera(stored(tmp_path, content))


def closed(ring):
    return np.concatenate([ring, ring[:1]])


SAME = {
    "rings closed, as GIS writes them": [
        points("polygon_image", closed), points("polygon_ground", closed)],
    "a corner twice": [points("polygon_ground", lambda ring: ring[[0, 1, 1, 2, 3]])],
    "the other way round": [
        points("polygon_image", lambda r: r[::-1]), points("polygon_ground", lambda r: r[::-1])],
    "a matrix times -3": [
        lambda c: c.update(matrix=(-3 * np.array(c["matrix"])).tolist())],
    "only a homography, times -1": [
        lambda c: c.update(matrix=None, homography_ground_to_image=(
            -np.array(c["homography_ground_to_image"])).tolist()),
        lambda c: [each.update(height=0.0) for each in c["zones"]]],
    "fields of somebody's own": [zone(colour="red", comment="before the school")],
    "a whole number with a point": [lambda c: c.update(width=160.0)],
}  # fmt: skip


@pytest.mark.parametrize("kind", SAME)
def test_what_says_the_same_in_other_words_gives_the_same(kind, tmp_path) -> None:
    content = json.loads(json.dumps(PLAIN))
    for change in SAME[kind]:
        change(content)
    read, plain = read_camera(stored(tmp_path, content)), camera()
    around = np.array([(0.0, 20.0), (3.0, 30.0)])
    assert np.allclose(read.to_image(around), plain.to_image(around))
    assert np.allclose(read.to_ground(np.array([80.0, 90.0])), plain.to_ground([80.0, 90.0]))
    for a, b in zip(read.zones, plain.zones, strict=True):
        assert a.area.equals(b.area) and np.array_equal(a.mask(SIZE), b.mask(SIZE))
        assert (a.no_parking, a.needs_time) == (b.no_parking, b.needs_time)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"zones": [], "zones": []}', "'zones' twice"),
        ('{"a": {"no_parking": true, "no_parking": false}}', "'no_parking' twice"),
        ("", "expected JSON"),
        ("[]", "expected an object"),
        ('"zones"', "expected an object"),
        ("[" * 100_000, "expected JSON"),
        (json.dumps({"type": "FeatureCollection", "features": []}), "a field 'height'"),
    ],
)
def test_what_is_no_camera_file_is_said_in_one_line(text, says, tmp_path) -> None:
    with pytest.raises(DataError, match=says) as caught:
        read_camera(stored(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_folder_for_a_camera_file_is_refused_and_any_unicode_is_read(
    tmp_path,
) -> None:
    with pytest.raises(DataError, match="expected a camera file, found Is a directory"):
        read_camera(tmp_path)
    (tmp_path / "b.json").write_text(json.dumps(PLAIN), encoding="utf-16")
    assert read_camera(tmp_path / "b.json").name == "made"
    (tmp_path / "c.json").write_text(json.dumps(PLAIN), encoding="utf-8-sig")
    assert read_camera(tmp_path / "c.json").name == "made"


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**400), st.floats(), st.text(max_size=3),
    st.lists(st.lists(st.floats(-50, 200), min_size=2, max_size=2), max_size=5),
)  # fmt: skip
PLACES = st.sampled_from([
    *((key,) for key in PLAIN if key != "zones"),
    *(("zones", k, key) for k in range(3) for key in PLAIN["zones"][0]),
])  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[*HealthCheck])
@given(edits=st.lists(st.tuples(PLACES, JUNK), min_size=1, max_size=3))
def test_what_a_check_of_zones_accepts_an_analysis_can_use(edits, tmp_path_factory) -> None:
    content = json.loads(json.dumps(PLAIN))
    for path, value in edits:
        at = content
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
    try:
        view = read_camera(stored(tmp_path_factory.mktemp("a"), content))
    except ZoneError:
        return
    if view.size != SIZE:
        return  # `open_clip` refuses it
    clip = Made("made", Path("made"), SIZE, 0.5, "made", 12)
    analysis = watch(clip, view, stub(parks(1, 20)), limit=2)
    assert not analysis.problems and analysis.frames == 12
    json.dumps([event.as_json() for event in analysis.events], allow_nan=False)


class Made(Clip):
    def __iter__(self):
        for index in range(self.expected):
            yield index, index / 2, street()


BAY = {"label": "hydrant: bay", "points": [[60, 80], [90, 80], [90, 100], [60, 100]]}


@pytest.mark.parametrize(
    ("shapes", "size", "says"),
    [
        ([BAY, BAY], SIZE, "2 called 'bay'"),
        ([BAY | {"points": [["60", "80"], ["90", "80"], ["90", "100"]]}], SIZE, "rows of 2"),
        ([BAY | {"points": [[0.2, 0.4], [0.6, 0.4], [0.6, 0.8]]}], SIZE, "Multiply them"),
        ([BAY | {"points": [[500, 80], [900, 80], [900, 100]]}], SIZE, "one line"),
        ([BAY | {"label": 7}], SIZE, "label: expected text"),
        ([{"points": []}], SIZE, "a field 'label'"),
        ([BAY], (None, 160), "imageHeight: expected a whole number"),
        ([BAY], SIZE[::-1], "120 x 160"),
        ("none", SIZE, "shapes: expected a list"),
    ],
)
def test_labelmes_zones_are_taken_as_they_were_meant_or_refused(
    shapes, size, says, tmp_path
) -> None:
    content = {"imageHeight": size[0], "imageWidth": size[1], "shapes": shapes}
    with pytest.raises(ZoneError, match=says):
        zones_from_labelme(stored(tmp_path, content), camera())


# --- clips ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["polygon", None])
def test_a_zone_without_a_form_is_a_polygon(form, tmp_path) -> None:
    content = {
        "imageHeight": SIZE[0],
        "imageWidth": SIZE[1],
        "shapes": [BAY | {"shape_type": form}],
    }
    assert [zone.name for zone in zones_from_labelme(stored(tmp_path, content)).zones] == ["bay"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_uneven_times_are_the_files_own_to_the_last_frame(name, tmp_path) -> None:
    steps = np.random.default_rng(3).choice([0.04, 0.5, 1.0, 4.0], 79, p=[0.3, 0.4, 0.2, 0.1])
    times = [0.0, *np.cumsum(steps).round(2).tolist()]
    clip = open_clip(uneven(tmp_path / name, times))
    read = [(index, seconds) for index, seconds, _ in clip]
    assert [index for index, _ in read] == list(range(80)) and not clip.problems
    assert np.allclose([seconds for _, seconds in read], times, atol=0.002)


def film(path: Path, frames: int, **options) -> Path:
    """A film of four frames a second, then copied into another container."""
    first = path.with_suffix(".avi" if options.get("codec") else ".mp4")
    with imageio.get_writer(first, fps=4, macro_block_size=1, **options) as writer:
        for k in range(frames):
            writer.append_data(street(k))
    if first != path:
        command = [get_ffmpeg_exe(), "-loglevel", "error", "-i", str(first), "-c", "copy"]
        subprocess.run([*command, str(path)], check=True)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("b_frames.mp4", {"output_params": ["-bf", "3", "-g", "12"]}),
        ("offset.ts", {}),
        ("plain.mkv", {}),
        ("motion.avi", {"codec": "mjpeg"}),
    ],
)
def test_times_of_other_kinds_of_video_begin_at_zero_and_rise(name, options, tmp_path) -> None:
    clip = open_clip(film(tmp_path / name, 24, **options))
    times = [seconds for _, seconds, _ in clip]
    assert np.allclose(times, np.arange(24) / 4, atol=0.002) and not clip.problems


def test_a_matroska_file_that_was_cut_short_says_so(tmp_path) -> None:
    whole = film(tmp_path / "a.mkv", 24).read_bytes()
    (tmp_path / "b.mkv").write_bytes(whole[: len(whole) // 2])
    clip = open_clip(tmp_path / "b.mkv")
    assert 0 < len(list(clip)) < 24 and "cut short" in clip.problems[0]


def test_a_matroska_file_without_its_last_frames_says_so(tmp_path) -> None:
    """Less than a second is missing: as a copy that stopped just before its end."""
    whole, cut = film(tmp_path / "a.mkv", 24).read_bytes(), tmp_path / "b.mkv"
    for length in range(len(whole), 0, -len(whole) // 100):
        cut.write_bytes(whole[:length])
        clip = open_clip(cut)
        times = [seconds for _, seconds, _ in clip]
        if times[-1] < 5.7:
            break
    assert times[-1] > 5 and "cut short" in clip.problems[0]


def test_a_clock_that_jumps_back_ends_the_analysis_and_is_told(tmp_path) -> None:
    """Two recordings put together by copying one behind the other."""
    one = film(tmp_path / "a.ts", 12).read_bytes()
    (tmp_path / "b.ts").write_bytes(one + one)
    clip = open_clip(tmp_path / "b.ts")
    times = [seconds for _, seconds, _ in clip]
    assert times == sorted(times)
    assert len(times) == 24 or "times that rise" in clip.problems[0]


TIMES = {
    "fractions of one digit": (["10-30-59.5", "10-31-00.0", "10-31-02.5"], [0, 0.5, 3]),
    "fractions after an epoch": (["1700000000.250", "1700000001.500"], [0, 1.25]),
    "nanoseconds, as robots write them": ([f"1700000000{k}00000000" for k in "059"], [0, 0.5, 0.9]),
    "seconds and nanoseconds, as robots write them": (
        ["1700000000_250000000", "1700000001_500000000"], [0, 1.25]),
    "seconds and microseconds": (["1700000000-250000", "1700000001-500000"], [0, 1.25]),
    "milliseconds glued on": (["20230501_103059250", "20230501_103100000"], [0, 0.75]),
    "a counter beside the time": (
        [f"{k:04d}_20230501_1030{10 + 3 * k}" for k in range(4)], [0, 3, 6, 9]),
    "another number beside it": (
        ["cam1_20230501_103059_8", "cam1_20230501_103101_12"], [0, 2]),
    "a time zone": (["2023-05-01T10-30-59Z", "2023-05-01T10-31-01Z"], [0, 2]),
    "a new year": (["2023-12-31 23.59.59", "2024-01-01 00.00.01"], [0, 2]),
    "two digits for the year": (
        ["230501_103058", "230501_103059", "230501_103100"], [0, 1, 2]),
    "the same, with separators": (["23-05-01_10-30-59", "23-05-01_10-31-01"], [0, 2]),
    "the same in one": (["cam_230501103058", "cam_230501103059", "cam_230501103100"], [0, 1, 2]),
    "the day first": (["01052023_10-30-58", "01052023_10-30-59", "01052023_10-31-00"], [0, 1, 2]),
    "a Mac's screenshots": (
        [f"Screenshot 2023-05-01 at 10.{k}" for k in ("30.58", "30.59", "31.00")], [0, 1, 2]),
    "summer ends, with its time zones": (
        [f"2023-10-29T02-{k}" for k in ("59-59+0200", "00-00+0100", "00-01+0100")], [0, 1, 2]),
    "a zone west of Greenwich": (
        [f"2023-11-05T01:{k}" for k in ("59:59-04:00", "00:00-05:00", "00:01-05:00")], [0, 1, 2]),
    "a counter behind, which is no zone": (
        [f"20230501_1030{k}-000{k}" for k in range(10, 13)], [0, 1, 2]),
    "a leap day": (["20240228_235959", "20240229_000000", "20240301_000000"], [0, 1, 86401]),
}  # fmt: skip


@pytest.mark.parametrize("kind", TIMES)
def test_names_that_tell_times_are_read_to_their_last_digit(kind, tmp_path) -> None:
    names, seconds = TIMES[kind]
    clip = open_clip(named(tmp_path / "a", [f"{name}.png" for name in names]))
    assert [at for _, at, _ in clip] == pytest.approx(seconds, abs=1e-6)
    assert "names" in clip.timed_by and not clip.problems


NO_TIMES = {
    "past midnight without a date": (["23-59-58", "23-59-59", "00-00-00"], None, "the date before"),
    "the same in digits alone": (["235958", "235959", "000000"], 1, "the date before"),
    "a counter in each second": (
        ["103059_1", "103059_2", "103100_1", "103100_2"], None, "a time each|number that changes"),
    "a counter as a fraction": (
        [f"10-30-{s}_{k:03d}" for s in (58, 59) for k in (1, 2, 3)], None, "another number behind"),
    "a number like thousandths in some": (
        ["20230501_103059_837", "20230501_103101_12"], None, "another number behind"),
    "morning and afternoon": (["12.59.59 PM", "01.00.00 PM"], None, "one number that changes"),
    "two cameras": (["cam1_001", "cam1_002", "cam2_001", "cam2_002"], 2, "one number that changes"),
    "two cameras by letters": (["camA_001", "camB_001", "camA_002"], 2, "names alike"),
    "an hour twice, when summer ends": (
        ["20231029_025959", "20231029_020000", "20231029_025959 (1)"], None, "names alike"),
    "seconds behind a number": (
        ["frame_0001_12.5s", "frame_0002_13.0s", "frame_0003_13.5s"], 2, "one number that changes"),
    "year to minute in ten digits": (["2305011030", "2305011031", "2305011032"], None, "--fps"),
    "year to minute in twelve": (["202305011030", "202305011031"], None, "Give --fps"),
    "a counter that begins anew": (
        ["DSC_9998", "DSC_9999", "DSC_0000", "DSC_0001"], 1, "numbers that rise"),
    "seconds with a point": (["t0.5", "t1.0", "t2.5"], 2, "one number that changes"),
    "every hundredth frame, no minutes": (
        [f"frame_{k:06d}" for k in range(0, 800, 100)], None, "Give --fps"),
    "the same with frames a second": (
        [f"frame_{k:06d}" for k in range(0, 800, 100)], 25, "steps of 100"),
    "milliseconds, no minutes": ([f"{k:06d}" for k in range(0, 4000, 500)], None, "Give --fps"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_TIMES)
def test_names_that_do_not_tell_when_are_refused(kind, tmp_path) -> None:
    names, fps, says = NO_TIMES[kind]
    with pytest.raises(ClipError, match=says):
        open_clip(named(tmp_path / "a", [f"{name}.png" for name in names]), fps=fps)


def test_what_is_hidden_broken_or_no_picture_in_a_folder_of_frames(tmp_path) -> None:
    place = named(tmp_path / "a", [f"{k}.JPG" for k in range(6)])
    for name in ("._0.JPG", ".DS_Store", "Thumbs.db"):
        (place / name).write_bytes(b"\0\5\26\7")
    (place / "6.JPG").symlink_to(place / "nowhere.JPG")
    whole = (place / "5.JPG").read_bytes()
    (place / "7.JPG").write_bytes(whole[: len(whole) // 2])
    clip = open_clip(place, fps=2)
    assert [index for index, _, _ in clip] == list(range(6))
    assert len(clip.problems) == 2 and "6.JPG" in clip.problems[0] and "7.JPG" in clip.problems[1]


def test_a_reference_of_another_size_is_refused(tmp_path) -> None:
    clip = open_clip(named(tmp_path / "a", ["1.png", "2.png"]), fps=2)
    with pytest.raises(DataError, match="160 x 120 pixels as the clip has, found 320 x 240"):
        watch(clip, camera(), stub(), reference=np.zeros((240, 320, 3), np.uint8))


@pytest.mark.parametrize("limit", [0, -3, math.nan, math.inf])
def test_a_limit_is_a_number_of_seconds(limit, tmp_path) -> None:
    clip = open_clip(named(tmp_path / "a", ["1.png", "2.png"]), fps=2)
    with pytest.raises(DataError, match="seconds above 0"):
        watch(clip, camera(), stub(), limit=limit)


def test_a_report_into_the_folder_that_one_is_in(tmp_path, monkeypatch) -> None:
    named(tmp_path / "a", ["1.png", "2.png"])
    path = write_camera(camera(), tmp_path / "camera.json")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    analyse(tmp_path / "a", path, lambda *_: stub(), ".", fps=2, video=False)
    assert (tmp_path / "here" / "events.json").is_file()


def test_a_clip_that_two_cameras_could_have_made_is_not_judged(tmp_path) -> None:
    for name in ("3000", "3001", "test-3000-3001"):
        write_camera(camera(), tmp_path / f"{name}.json")
    clip = named(tmp_path / "3000-3001-clip", [f"{k}.png" for k in range(4)])
    result = analyse_clip(clip, tmp_path, lambda *_: stub(), fps=2)
    assert "3000.json, 3001.json" in result["problems"][0]
    named(tmp_path / "test-3000-3001", [f"{k}.png" for k in range(4)])
    assert not analyse_clip(tmp_path / "test-3000-3001", tmp_path, lambda *_: stub(), fps=2)[
        "problems"
    ]


# --- car parks --------------------------------------------------------------------------------

AT = [(60, 60, INSIDE), (120, 60, INSIDE), (260, 60, OUTSIDE)]


def of(mask: np.ndarray) -> Image.Image:
    return Image.fromarray(mask)


def palette(mask: np.ndarray) -> Image.Image:
    image = Image.fromarray(mask)
    image.putpalette([0, 0, 0, 0, 255, 0, 255, 0, 0])
    return image


OTHER_MASKS = {
    "0 and 255": (lambda m: of(np.uint8(255 * (m > 0))), "also 255"),
    "0, 127, 255": (lambda m: of(np.array([0, 127, 255], np.uint8)[m]), "also 127, 255"),
    "2 and 3": (lambda m: of(np.array([0, 2, 3], np.uint8)[m]), "also 3"),
    "a number for each car": (
        lambda m: of(np.uint8(cv2.connectedComponents(m)[1])), "also 3"),
    "one bit": (lambda m: of(m > 0), "one.png"),
    "colours": (lambda m: of(np.dstack([m * 100, m * 0, m * 0])), "one.png"),
    "16 bits": (lambda m: of(np.uint16(m) * 1000), "one.png"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHER_MASKS)
def test_masks_with_other_numbers_are_refused(kind, tmp_path) -> None:
    change, says = OTHER_MASKS[kind]
    place = lot(tmp_path / "a", AT) / "masks" / "one.png"
    change(cv2.imread(str(place), cv2.IMREAD_UNCHANGED)).save(place)
    with pytest.raises(CourseError, match=says):
        list(read_folder(tmp_path / "a"))


def test_a_mask_with_a_palette_is_read_by_its_numbers_and_hidden_files_are_passed_over(
    tmp_path,
) -> None:
    folder = lot(tmp_path / "a", AT)
    classes = cv2.imread(str(folder / "masks" / "one.png"), cv2.IMREAD_UNCHANGED)
    palette(classes).save(folder / "masks" / "one.png")
    (folder / "frames" / "._one.jpg").write_bytes(b"\0\5\26\7")
    (frame,) = read_folder(folder)
    assert np.array_equal(frame.classes, classes)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('x="60"', 'x="600"', "outside it"),
        ('angle d="0"', 'angle d="nan"', "space 0"),
        ('w="40"', 'w="0"', "space 0"),
        ('w="40"', 'w="4O"', "ValueError"),
        ("rotatedRect", "contour", "without rotatedRect"),
        ("</parking>", "", "ParseError"),
        ('x="', 'X="', "TypeError"),
    ],
)
def test_spaces_that_are_none_are_refused(old, new, says, tmp_path) -> None:
    file = lot(tmp_path / "a", AT) / "bounding_boxes" / "one.xml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(DataError, match=rf"one\.xml.*{says}"):
        list(read_folder(tmp_path / "a"))


def test_spaces_of_half_the_scale_are_refused(tmp_path) -> None:
    at = [(x, y, INSIDE) for x in (60, 120, 180, 240) for y in (70, 170)]
    half = [((x + 40) / 2, y / 2, 0) for x, y, _ in at]
    with pytest.raises(DataError, match=r"one\.xml.*called occupied"):
        list(read_folder(lot(tmp_path / "a", at, half)))


@pytest.mark.parametrize("name", ["b.gif", "b.HEIC", "more/b.jpg"])
def test_photographs_of_a_lot_that_are_not_read_are_told(name, tmp_path) -> None:
    place = lot(tmp_path / "a", AT)
    (place / "frames" / name).parent.mkdir(exist_ok=True)
    (place / "frames" / name).write_bytes(b"picture")
    with pytest.raises(DataError, match="frames: expected photographs that can be read"):
        list(read_folder(place))


def test_a_photograph_in_capitals_counts_and_two_of_one_name_are_refused(tmp_path) -> None:
    folder = lot(tmp_path / "a", AT)
    (folder / "frames" / "one.jpg").rename(folder / "frames" / "one.JPG")
    assert len(list(read_folder(folder))) == 1
    cv2.imwrite(str(folder / "frames" / "one.png"), np.zeros((240, 320, 3), np.uint8))
    with pytest.raises(DataError, match="two of one name"):
        list(read_folder(folder))
