"""Clips of a city on a Dask cluster of two worker processes, with the true masks as detector."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import pytest

from helpers.errors import DataError
from helpers.kerbside import CAMERAS, clip_files
from parking import __main__ as cli
from parking.__main__ import load
from parking.analysis import analyse_clip, city

CLIPS = [file.with_suffix(".mp4") for file in clip_files("val")[:3]]


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


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_stopped(alone, tmp_path) -> None:
    setting = {"cameras": str(CAMERAS.resolve()), "limit": 8.0, "fps": None}
    other = alone[1] | {"setting": setting | {"limit": 9.0}}  # of a run with another limit
    lines = [json.dumps(each) for each in (alone[0] | {"setting": setting}, other)]
    lines.append(json.dumps(alone[1])[:50])  # and one that was cut off
    (tmp_path / ".events.jsonl.partial").write_text("\n".join(lines))
    told = []
    results = city(CLIPS[:2], CAMERAS, partial(load, "truth"), tmp_path / "events.jsonl",
                   workers=1, on_alert=told.append)  # fmt: skip
    assert results == alone[:2]
    assert {event["event"].rsplit("-", 2)[0] for event in told} == {CLIPS[1].stem}


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
