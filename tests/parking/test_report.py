from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from parking.clips import Clip
from parking.drawing import film, jpeg
from parking.events import Event
from parking.report import SCHEMA, write

EVENT = Event(
    event="made-000004-1",
    vehicle=1,
    class_name="car",
    zone="sidewalk",
    kind="sidewalk",
    first_frame=4,
    last_frame=33,
    start_seconds=2.0,
    end_seconds=17.0,
    seconds=15.0,
    long=True,
    violation=True,
    ongoing=False,
    share=0.61,
    share_low=0.5,
    share_high=0.7,
    confidence=1.0,
    score=0.9,
    hidden_frames=2,
    rule="footprint",
    needs_review=False,
    reasons=(),
    box=(10.0, 20.0, 30.0, 60.0),
    footprint=((4.0, 16.0), (6.0, 16.0), (6.0, 20.0), (4.0, 20.0)),
)
BRIEF = replace(EVENT, event="made-000050-2", violation=False, long=False, seconds=3.0)
DOUBT = replace(EVENT, event="made-000060-3", needs_review=True, reasons=("hidden",))
SUMMARY = {
    "clip": "made",
    "camera": "1",
    "frames": 40,
    "clip_seconds": 20.0,
    "timed_by": "the file's own times",
    "complete": True,
    "problems": [],
    "limit_seconds": 8.0,
    "thresholds": {"footprint": 0.11},
    "frames_per_second": 20.0,
    "video": None,
}
RED = jpeg(np.full((48, 64, 3), (200, 0, 0), np.uint8))


def page_of(folder: Path, summary: dict, events: list, pictures: dict, *overview: bytes) -> str:
    write(folder, summary, events, pictures, *overview)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_json_has_the_documented_keys(tmp_path) -> None:
    write(tmp_path, SUMMARY, [EVENT], {})
    content = json.loads((tmp_path / "events.json").read_text())
    assert content["schema"] == SCHEMA
    assert set(content) == {"schema", *SUMMARY, "events"}
    assert content["events"][0]["zone"] == "sidewalk"


def test_csv_has_one_row_for_each_event(tmp_path) -> None:
    write(tmp_path, SUMMARY, [EVENT, DOUBT], {})
    rows = list(csv.DictReader((tmp_path / "events.csv").read_text().splitlines()))
    assert [row["event"] for row in rows] == ["made-000004-1", "made-000060-3"]
    assert rows[0]["seconds"] == "15.0" and rows[1]["reasons"] == "hidden"
    assert rows[0]["footprint"].startswith("4,16 6,16")


def test_the_page_asks_nobody_for_anything(tmp_path) -> None:
    page = page_of(tmp_path, SUMMARY, [EVENT], {EVENT.event: [("standing", RED)]}, RED)
    links = re.findall(r"(?:src|href)='([^']*)'", page)
    assert links and all(link.startswith(("data:", "#")) for link in links)
    assert "<script" not in page and "@import" not in page and "url(" not in page


def test_of_a_brief_stop_no_picture_is_kept(tmp_path) -> None:
    pictures = {BRIEF.event: [("standing", RED)], DOUBT.event: [("standing", RED)]}
    page = page_of(tmp_path, SUMMARY, [BRIEF, DOUBT], pictures)
    assert page.count("<figure>") == 1 and f"id='{DOUBT.event}'" in page
    assert "tolerated" in page and BRIEF.event in page


def test_names_from_outside_are_escaped(tmp_path) -> None:
    evil = replace(EVENT, zone="<img src=x onerror=alert(1)>")
    page = page_of(tmp_path, SUMMARY | {"clip": "<script>alert(1)</script>"}, [evil], {})
    assert "<script" not in page and "<img src=x" not in page


def test_what_is_incomplete_is_said_at_the_top(tmp_path) -> None:
    page = page_of(
        tmp_path, SUMMARY | {"complete": False, "problems": ["frame 7: missing"]}, [], {}
    )
    assert page.index("Incomplete") < page.index("Events") and "frame 7: missing" in page
    assert "No vehicle stood" in page


def opened(browser, path: Path) -> tuple[Any, list[str], list[str]]:
    """A page in Chromium, the list of its messages and errors, and that of its requests."""
    page = browser.new_page(viewport={"width": 900, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, said, asked


def test_a_real_browser_shows_the_page_without_errors_or_requests(tmp_path, browser) -> None:
    write(tmp_path, SUMMARY, [EVENT], {EVENT.event: [("standing", RED)]})
    page, said, asked = opened(browser, tmp_path / "report.html")
    shown = np.frombuffer(page.screenshot(), np.uint8)
    page.close()
    assert said == []
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    picture = cv2.imdecode(shown, cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    red = (picture[..., 0] > 150) & (picture[..., 1] < 60) & (picture[..., 2] < 60)
    assert red.sum() > 2_000  # the evidence is on the screen
    dark = picture.sum(axis=2) < 200
    assert dark.sum() > 1_000  # and so is text


SIZE = (721, 961)
"""Odd; and so large that browsers take the colours for others unless the file says which."""

PLAY = """async video => {
    await video.play();  // an error here fails the test
    for (let k = 0; k < 200 && video.currentTime < 1; k++)
        await new Promise(next => setTimeout(next, 100));
    video.pause();
    video.currentTime = 3.25;  // the second half of the film is green
    await new Promise(next => video.addEventListener("seeked", next, {once: true}));
    return video.getVideoPlaybackQuality().totalVideoFrames;
}"""


def test_a_real_browser_plays_the_annotated_clip(tmp_path, browser) -> None:
    orange, green = (230, 159, 0), (0, 158, 115)
    clip = Clip("made", tmp_path, SIZE, 0.5, "made", 8)
    with film(tmp_path / "annotated.mp4", clip) as show:
        for colour in [orange] * 4 + [green] * 4:
            show(np.full((*SIZE, 3), colour, np.uint8))
    write(tmp_path, SUMMARY | {"video": "annotated.mp4"}, [EVENT], {EVENT.event: []})
    page, said, asked = opened(browser, tmp_path / "report.html")
    video = page.locator("video")
    if not video.evaluate("video => video.canPlayType('video/mp4; codecs=\"avc1.640028\"')"):
        pytest.skip("this Chromium was built without H.264")
    began = page.evaluate("document.querySelector('video').currentTime")
    assert video.evaluate(PLAY) >= 2  # frames were decoded
    state = video.evaluate(
        "v => [v.error, v.videoWidth, v.videoHeight, v.duration, v.played.end(0), v.readyState]"
    )
    assert state[:4] == [None, 962, 722, 4.0] and began == 0 and state[4] >= 1 and state[5] >= 2
    page.locator("video").screenshot(path=tmp_path / "shot.png")
    shown = cv2.imread(str(tmp_path / "shot.png"))[..., ::-1].astype(int)
    middle = shown[shown.shape[0] // 2 - 40, shown.shape[1] // 4]  # beside the controls
    assert np.abs(middle - green).max() < 8
    assert not said and all(url.startswith(("file:", "data:")) for url in asked)
    assert any(url.endswith("/annotated.mp4") for url in asked)
