"""The Beam pipeline over clips, where Apache Beam is installed."""

from __future__ import annotations

import json

import pytest

from helpers import DATA

beam = pytest.importorskip("parking.beam", exc_type=ImportError)

CAMERAS = DATA / "kerbside/cameras"
CLIPS = sorted((DATA / "kerbside/clips").glob("val-*.mp4"))


def test_the_pipeline_gives_what_the_analysis_gives():
    from parking.scores import score_clip

    found = beam.run(CLIPS[:2], CAMERAS, model="truth")
    expected = [
        json.loads(json.dumps({"clip": clip.stem, **event.as_json()}))
        for clip in CLIPS[:2]
        for event in score_clip(clip.with_suffix(".json")).events
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_bad_clip_is_told_and_stops_no_other(tmp_path, capsys):
    bad = tmp_path / "val-2001-clip.mp4"
    bad.write_bytes(b"no video")
    bad.with_suffix(".json").write_text('{"frames": []}', encoding="utf-8")
    out = tmp_path / "events.jsonl"
    arguments = [str(bad), str(CLIPS[0]), "--cameras", str(CAMERAS), "--out", str(out)]
    assert beam.main([*arguments, "--model", "truth"]) == 2
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["clips"], summary["problems"]) == (2, 1)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert summary["events"] == len(lines) - 1 > 0
