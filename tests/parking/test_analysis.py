from __future__ import annotations

import json
import tracemalloc

import cv2
import numpy as np
import pytest

from helpers.errors import DataError
from parking.analysis import REPORT, Analysis, analyse, watch
from parking.clips import Clip, open_clip
from parking.zones import write_camera
from tests.parking.made import SIZE, camera, encoding, parks, street, stub

FRAMES = 40


@pytest.fixture
def place(tmp_path):
    """A clip as a folder of pictures, and its camera file."""
    (tmp_path / "clip").mkdir()
    picture = cv2.imencode(".jpg", street())[1].tobytes()
    for k in range(FRAMES):
        (tmp_path / "clip" / f"{k:04d}.jpg").write_bytes(picture)
    write_camera(camera(), tmp_path / "camera.json")
    return tmp_path


def run(place, detect=None, **options) -> Analysis:
    detect = detect or stub(parks(4, 33), parks(3, 8, x=0.0, y=26.0))
    options = dict(video=False, fps=2.0) | options
    camera_file, report = place / "camera.json", place / "report"
    return analyse(place / "clip", camera_file, lambda *_: detect, report, **options)


def test_a_report_holds_all_that_it_promises(place) -> None:
    told = []
    analysis = run(place, on_alert=told.append, video=True)
    assert not analysis.problems and analysis.frames == FRAMES
    names = {file.name for file in (place / "report").iterdir()}
    assert names == {*REPORT}
    film = "annotated.mp4"
    assert cv2.VideoCapture(str(place / "report" / film)).get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES
    stored = json.loads((place / "report" / "events.json").read_text())
    assert stored["video"] == film and stored["complete"] and stored["frames"] == FRAMES
    assert [event["violation"] for event in stored["events"]].count(True) == 1
    assert [event["event"] for event in told] == [
        event["event"] for event in stored["events"] if event["violation"]
    ]
    assert (place / "report" / "report.html").read_text().count("<figure>") == 3
    assert not list(place.glob(".report*"))


def test_events_are_the_same_with_a_report_and_without(place) -> None:
    """Masks that change while it stands: the place that was drawn early must not be the event's."""
    wide = [parks(4, 33, x=3.3 if k < 16 else 3.45) for k in range(FRAMES)]

    def script(index):
        return wide[index](index)

    report = run(place, stub(script))
    bare = watch(open_clip(place / "clip", fps=2.0), camera(), stub(script))
    assert report.events and report.events == bare.events


class Killed(BaseException):
    pass


def test_killed_half_way_and_done_again_nothing_is_lost_or_told_twice(place) -> None:
    """At frame 10 nothing has been told, at frame 25 the violation has."""
    for when in (10, 25):
        told = []
        play = stub(parks(4, 33))
        frame = iter(range(FRAMES))

        def dies(image, play=play, frame=frame, when=when):
            if next(frame) == when:
                raise Killed
            return play(image)

        with pytest.raises(Killed):
            run(place, dies, on_alert=told.append)
        assert not (place / "report").exists()  # never half a report
        again = []
        analysis = run(place, stub(parks(4, 33)), on_alert=again.append)
        assert len(told) + len(again) == 1 and len(told) == (when == 25)
        assert sum(event.violation for event in analysis.events) == 1
        lines = (place / "report" / "alerts.jsonl").read_text().splitlines()
        assert len(lines) == 1
        for file in (place / "report").iterdir():
            file.unlink()
        (place / "report").rmdir()


def test_an_analysis_that_breaks_off_leaves_no_ffmpeg_and_no_half_film(place) -> None:
    frame, play = iter(range(FRAMES)), stub(parks(4, 33))

    def breaks(image):
        if next(frame) == 20:
            raise ValueError("out of memory")
        return play(image)

    with pytest.raises(ValueError, match="out of memory"):
        run(place, breaks, video=True)
    assert not encoding() and not list(place.rglob("*.mp4"))


def test_without_ffmpeg_nothing_is_begun(place, monkeypatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(place / "nowhere"))
    before = set(place.iterdir())
    with pytest.raises(DataError, match="pip install imageio-ffmpeg"):
        run(place, video=True)
    assert set(place.iterdir()) == before
    assert not run(place, video=False).problems


def test_where_nothing_could_be_seen_there_is_a_report_without_a_film(place) -> None:
    dark = cv2.imencode(".jpg", np.zeros((*SIZE, 3), np.uint8))[1].tobytes()
    for k in range(FRAMES):
        (place / "clip" / f"{k:04d}.jpg").write_bytes(dark)
    assert run(place, video=True).problems
    assert json.loads((place / "report" / "events.json").read_text())["video"] is None
    assert not list(place.rglob("*.mp4"))
    assert "<video" not in (place / "report" / "report.html").read_text()


def test_alerts_of_a_run_with_another_limit_are_not_taken_over(place) -> None:
    frame, play = iter(range(FRAMES)), stub(parks(4, 33))

    def dies(image):
        if next(frame) == 25:
            raise Killed
        return play(image)

    with pytest.raises(Killed):
        run(place, dies)
    assert (place / ".report.partial" / "alerts.jsonl").read_text()
    told = []
    assert not any(e.violation for e in run(place, limit=60.0, on_alert=told.append).events)
    assert not told and not (place / "report" / "alerts.jsonl").read_text()


def test_an_alert_that_was_half_written_is_told_again(place) -> None:
    partial = place / ".report.partial"
    partial.mkdir()
    (partial / "alerts.jsonl").write_text('{"event": "clip-00')
    told = []
    run(place, on_alert=told.append)
    assert len(told) == 1


def test_missing_frames_leave_a_partial_report(place) -> None:
    for k in (14, 15):
        (place / "clip" / f"{k:04d}.jpg").unlink()
    scripts = parks(4, 33)
    numbers = iter([k for k in range(FRAMES) if k not in (14, 15)])
    analysis = run(place, lambda image: stub(lambda _: scripts(next(numbers)))(image))
    assert "14 to 15" in analysis.problems[0]
    (event,) = analysis.events
    assert event.violation and event.seconds == 15  # time went on


def test_night_is_not_judged(place) -> None:
    dark = cv2.imencode(".jpg", np.zeros((*SIZE, 3), np.uint8))[1].tobytes()
    for k in range(30, FRAMES):
        (place / "clip" / f"{k:04d}.jpg").write_bytes(dark)
    analysis = run(place)
    assert analysis.frames == 30 and "frames 30 to 39" in analysis.problems[0]
    assert "dark" in analysis.problems[0]
    assert any(event.violation for event in analysis.events)


def test_a_camera_that_moved_ends_the_analysis_and_keeps_what_was_found(place) -> None:
    turned = cv2.warpAffine(street(), np.float32([[1, 0, 9], [0, 1, 4]]), SIZE[::-1],
                            borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    for k in range(28, FRAMES):
        (place / "clip" / f"{k:04d}.jpg").write_bytes(cv2.imencode(".jpg", turned)[1].tobytes())
    analysis = run(place)
    assert 28 <= analysis.frames < FRAMES and "moved" in analysis.problems[0]
    assert any(event.violation for event in analysis.events)


def test_an_old_report_is_replaced_and_anything_else_is_not(place) -> None:
    run(place)
    run(place)
    for other in (place / "other", place / "report"):  # beside a report, too
        other.mkdir(exist_ok=True)
        (other / "thesis.txt").write_text("do not delete")
        with pytest.raises(DataError, match=r"found thesis\.txt"):
            analyse(place / "clip", place / "camera.json", lambda *_: stub(), other, fps=2.0)
        assert (other / "thesis.txt").exists()


class Endless(Clip):
    """A clip of as many frames as wanted, none of them on disc."""

    def __iter__(self):
        picture = street()
        for index in range(self.expected):
            yield index, index / 2, picture


@pytest.mark.slow
def test_memory_is_flat_over_ten_thousand_frames(tmp_path) -> None:
    """Cars come, stand and go every 50 frames, all day."""
    view = camera()
    clip = Endless("endless", tmp_path, SIZE, 0.5, "made", 10_000)
    one = parks(4, 33)
    used = []

    def look(frame):
        if frame.moment.index % 1000 == 999:
            used.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    analysis = watch(clip, view, stub(lambda k: one(k % 50)), on_frame=look)
    tracemalloc.stop()
    assert analysis.frames == 10_000
    assert sum(event.violation for event in analysis.events) == 200
    # 160 events and what is known of them take some kilobytes; a frame alone takes 57.
    assert used[-1] - used[1] < 600_000, used
