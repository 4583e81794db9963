"""Clips of a city on a Dask cluster of two worker processes, with the true masks as detector."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import pytest

from helpers.errors import DataError
from helpers.files import read_json
from helpers.kerbside import CAMERAS, clip_files
from parking import __main__ as cli
from parking.analysis import analyse_clip, city
from parking.scores import truth_detector

CLIPS = [file.with_suffix(".mp4") for file in clip_files("val")[:3]]


def load(model: str, clip: Path, size: tuple[int, int]):
    """The true masks beside a clip, whatever the model is called."""
    return truth_detector(read_json(clip.with_suffix(".json")), size)


@pytest.fixture(scope="module")
def alone() -> list[dict]:
    """The clips one after another."""
    return [analyse_clip(clip, CAMERAS, partial(load, "truth")) for clip in CLIPS]


def dies_once(marker: Path, clip: Path, size: tuple[int, int]):
    """A detector whose worker dies half-way through the first clip that it is asked for."""
    detect, frame = load("truth", clip, size), iter(range(10**9))

    def look(image):
        if next(frame) == 20 and not marker.exists():
            marker.write_text(str(os.getpid()))
            os._exit(1)
        return detect(image)

    return look


@pytest.mark.slow
def test_a_city_finds_what_is_found_one_by_one_though_a_worker_dies(alone, tmp_path) -> None:
    told, out = [], tmp_path / "events.jsonl"
    dies = partial(dies_once, tmp_path / "marker")
    results = city(CLIPS, CAMERAS, dies, out, workers=2, on_alert=told.append)
    assert (tmp_path / "marker").exists()
    assert results == alone == [json.loads(line) for line in out.read_text().splitlines()]
    names = [event["event"] for event in told]
    expected = [e["event"] for clip in alone for e in clip["events"] if e["violation"]]
    assert len(expected) > 2 and sorted(names) == sorted(expected)  # all, and none of them twice
    assert not list(tmp_path.glob(".*"))


def breaks(marker: Path, clip: Path, size: tuple[int, int]):
    """As long as there is a marker, the second clip is too much."""
    if clip == CLIPS[1] and marker.exists():
        raise RuntimeError("out of memory")
    return load("truth", clip, size)


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_stopped(alone, tmp_path) -> None:
    out, journal, told = tmp_path / "events.jsonl", tmp_path / ".events.jsonl.partial", []
    marker = tmp_path / "marker"
    marker.touch()
    truth = partial(breaks, marker)
    with pytest.raises(RuntimeError, match="out of memory"):
        city(CLIPS[:2], CAMERAS, truth, out, workers=1)
    marker.unlink()
    assert len(journal.read_text().splitlines()) == 1
    with journal.open("a") as file:
        file.write(json.dumps(alone[1])[:50])  # a line that was cut off
    assert city(CLIPS[:2], CAMERAS, truth, out, workers=1, on_alert=told.append) == alone[:2]
    assert {event["event"].rsplit("-", 2)[0] for event in told} == {CLIPS[1].stem}


@pytest.mark.slow
@pytest.mark.parametrize("change", ["nothing", "clip", "folder", "camera", "model", "limit"])
def test_what_was_kept_of_another_clip_camera_or_model_is_not_taken(
    change, tmp_path, monkeypatch
) -> None:
    """Monday's run is killed, and Tuesday's clips have the same names."""
    clip, camera = tmp_path / "monday" / "a.mp4", tmp_path / "cameras" / "a.json"
    for file in (clip, camera):
        file.parent.mkdir()
        file.write_text("neither film nor camera, which is told at once")
    run = {"out": tmp_path / "events.jsonl", "workers": 1}
    with monkeypatch.context() as patch:
        patch.setattr(
            "parking.analysis.write_text", lambda *_: (_ for _ in ()).throw(InterruptedError)
        )
        with pytest.raises(InterruptedError):
            city([clip], camera.parent, partial(load, "truth"), **run)
    journal = tmp_path / ".events.jsonl.partial"
    kept = json.loads(journal.read_text()) | {"problems": ["as on Monday"]}
    journal.write_text(json.dumps(kept) + "\n")
    if change in ("clip", "camera"):
        file = {"clip": clip, "camera": camera}[change]
        os.utime(file, (file.stat().st_mtime + 5,) * 2)
    if change == "folder":
        clip = clip.parent.rename(tmp_path / "tuesday") / clip.name
    model = "kerbside" if change == "model" else "truth"
    run |= {"limit": 9.0} if change == "limit" else {}
    (result,) = city([clip], camera.parent, partial(load, model), **run)
    assert (result["problems"] == ["as on Monday"]) is (change == "nothing")


def test_a_bad_clip_stops_no_other(tmp_path) -> None:
    bad = tmp_path / "nobody.mp4"
    bad.write_bytes(b"no film")
    result = analyse_clip(bad, CAMERAS, partial(load, "truth"))
    assert result["events"] == [] and "nobody.json" in result["problems"][0]


def test_two_clips_of_one_name_are_refused(tmp_path, capsys) -> None:
    twice = [CLIPS[0], tmp_path / CLIPS[0].name]
    with pytest.raises(DataError, match="a name each"):
        city(twice, CAMERAS, partial(load, "truth"), tmp_path / "events.jsonl")
    arguments = [*map(str, twice), "--cameras", str(CAMERAS), "--out", str(tmp_path / "e.jsonl")]
    assert cli.main(["city", *arguments]) == 1
    assert "a name each" in capsys.readouterr().err
