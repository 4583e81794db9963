"""Finds vehicles that stand where parking is forbidden, in a clip of a fixed camera.

Introduced in lab 5. `analyse` reads a clip frame by frame, detects vehicles, follows them, turns
stands into events and writes a report; memory does not grow with the clip. Rests on the modules
of this package that read, judge, follow, draw and report.

From the shell: `python -m parking analyse CLIP --camera CAMERA.json --out report/`;
`--help` lists the other commands.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from helpers.detector import Detections
from helpers.errors import DataError, explain
from helpers.masks import Image, Mask
from parking.clips import Alignment, Clip, blind, open_clip
from parking.drawing import private
from parking.events import LIMIT, Event, EventFinder
from parking.evidence import Evidence, annotate
from parking.film import Film, encoder
from parking.report import write
from parking.rules import THRESHOLDS
from parking.tracking import Settings, Stand, Track, Tracker
from parking.zones import Camera, read_camera

Detect = Callable[[np.ndarray], Detections]
"""From (H, W, 3) uint8 RGB to what is in it; `helpers.detector.load_detector` gives one."""

LOOK_EVERY = 4
"""Frames from one check of the camera's alignment to the next."""


@dataclass(eq=False)
class Analysis:
    """What a clip's analysis found; grows while it runs."""

    clip: str
    camera: Camera
    fps: float
    limit: float
    events: list[Event] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    frames: int = 0
    seconds: float = 0.0
    """Of work, reading and drawing included."""

    @property
    def complete(self) -> bool:
        """Every frame was there and could be judged."""
        return not self.problems

    @property
    def frames_per_second(self) -> float:
        """Speed of the analysis."""
        return self.frames / max(self.seconds, 1e-9)

    def summary(self, video: str | None = None) -> dict:
        """All but the events, as `events.json` has it."""
        return {
            "clip": self.clip,
            "camera": self.camera.name,
            "frames": self.frames,
            "fps": self.fps,
            "complete": self.complete,
            "problems": list(self.problems),
            "limit_seconds": self.limit,
            "thresholds": dict(THRESHOLDS),
            "frames_per_second": round(self.frames_per_second, 2),
            "video": video,
        }


@dataclass(frozen=True)
class Frame:
    """One frame as `watch` has judged it."""

    index: int
    image: Image
    found: Detections
    tracks: list[Track]
    alerts: list[tuple[Event, Track]]
    closed: list[tuple[Event, Stand]]
    """Events that ended with this frame."""


def watch(
    clip: Clip,
    camera: Camera,
    detect: Detect,
    analysis: Analysis,
    *,
    finder: EventFinder | None = None,
    settings: Settings | None = None,
    reference: Image | None = None,
) -> Iterator[Frame]:
    """Analyses a clip frame by frame; `analysis` holds what was found so far.

    Stops early, with a problem noted, where the camera has moved: zones lie elsewhere then.
    """
    tracker = Tracker(camera, clip.fps, settings)
    finder = finder or EventFinder(clip.name, camera, clip.fps, analysis.limit)
    alignment, dark, read, noted = Alignment(reference), _Runs(), 0, 0
    for index, image, reason, found in _detected(clip, detect):
        read += 1
        if found is None:
            dark.add(index, reason)
            continue
        if (read - 1) % LOOK_EVERY == 0:
            moved = alignment.problem(image, _union(found, camera.size))
            if moved:
                do = "Set the zones anew; frames from here on were not judged."
                expected = f"camera {camera.name} to look where its zones are"
                analysis.problems.append(
                    explain(f"frame {index}", expected=expected, found=moved, do=do)
                )
                break
        tracks = tracker.update(index, found)
        alerts = list(finder.alerts(tracks))
        closed = _close(tracker, finder, analysis)
        analysis.frames += 1
        yield Frame(index, image, found, tracks, alerts, closed)
        for problem in clip.problems[noted:]:
            analysis.problems.append(problem)
        noted = len(clip.problems)
    analysis.problems += clip.problems[noted:]
    analysis.problems += dark.problems(clip.name)
    # What still stands goes on; nothing is alerted twice because the clip ended.
    standing = {id(track.stand) for track in tracker.tracks}
    tracker.finish()
    _close(tracker, finder, analysis, standing)
    analysis.events.sort(key=lambda event: (event.first_frame, event.vehicle))


def _detected(
    clip: Clip, detect: Detect
) -> Iterator[tuple[int, Image, str | None, Detections | None]]:
    """Each frame with its detections, or with the reason why nothing can be seen in it.

    While one frame is judged and drawn, the next one is being detected: TensorFlow does not hold
    Python's lock, so both cores work.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for index, image in clip:
            reason = blind(image)
            coming = (index, image, reason, None if reason else pool.submit(detect, image))
            if waiting is not None:
                yield *waiting[:3], waiting[3] and waiting[3].result()
            waiting = coming
        if waiting is not None:
            yield *waiting[:3], waiting[3] and waiting[3].result()


def _close(tracker: Tracker, finder: EventFinder, analysis: Analysis, standing=()) -> list:
    closed = []
    for track, stand in tracker.ended:
        event = finder.event(track, stand, ongoing=id(stand) in standing)
        finder.forget(stand)
        if event is not None:
            analysis.events.append(event)
            closed.append((event, stand))
    tracker.ended.clear()
    return closed


def _union(found: Detections, size: tuple[int, int]) -> Mask:
    return found.masks.any(axis=0) if len(found.masks) else np.zeros(size, bool)


class _Runs:
    """Frames in which nothing could be seen, told as runs."""

    def __init__(self) -> None:
        self._runs: list[list] = []

    def add(self, index: int, reason: str) -> None:
        if self._runs and self._runs[-1][1] == index - 1:
            self._runs[-1][1] = index
        else:
            self._runs.append([index, index, reason])

    def problems(self, name: str) -> list[str]:
        return [
            explain(f"{name}, frames {first} to {last}", expected="a view of the street",
                    found=reason, do="These frames were not judged.")
            for first, last, reason in self._runs
        ]  # fmt: skip


# --- with a report ----------------------------------------------------------------------------


def analyse(
    clip: str | os.PathLike,
    camera: str | os.PathLike,
    detect: Detect,
    out: str | os.PathLike,
    *,
    fps: float | None = None,
    limit: float = LIMIT,
    reference: Image | None = None,
    video: bool = True,
    settings: Settings | None = None,
    on_alert: Callable[[Event], None] = lambda event: None,
) -> Analysis:
    """Analyses a clip and writes a report: see `parking.report` for what is in it.

    The report is made in a folder beside `out` that takes its name when all is done. Alerts go to
    `alerts.jsonl` there as they are raised. A run that was killed is done anew from the start, and
    what its alerts told is not told again: an event has the same name in every run.

    Args:
        clip: a video, or a folder of numbered pictures.
        camera: its camera file.
        detect: from an image to detections.
        out: folder of the report; one that holds an older report is replaced.
        fps: frames a second, where the clip does not say it.
        limit: seconds that a vehicle may stand.
        reference: how the camera's view should look; by default as in the first frame.
        video: whether an annotated clip is written, `annotated.mp4`.
        settings: of the tracker.
        on_alert: is called once for every new violation, when it reaches the limit.

    Raises:
        ZoneError: the camera file is missing or wrong.
        ClipError: the clip cannot be read, or is of another size.
        DataError: `out` is something else than a report, or the annotated clip cannot be written.
    """
    from tqdm.auto import tqdm

    view = read_camera(camera)
    opened = open_clip(clip, view, fps)
    out = Path(out)
    _check_out(out)
    if video:
        encoder()  # if there is none, nothing has been touched yet
    analysis = Analysis(opened.name, view, opened.fps, limit)
    working = out.with_name(f".{out.name}.partial")
    with (
        _journal(working) as tell,
        Film(working / "annotated.mp4", opened.size, opened.fps)
        if video
        else nullcontext() as film,
    ):
        finder = EventFinder(opened.name, view, opened.fps, limit)
        pictures = Evidence(view, opened.fps)
        begin = time.perf_counter()
        frames = watch(
            opened, view, detect, analysis, finder=finder, settings=settings, reference=reference
        )
        bar = tqdm(frames, total=opened.expected or None, desc=opened.name, unit="frame")
        for frame in bar:
            hidden = private(frame.image, frame.found)
            pictures.see(frame, hidden, finder)
            for event, _ in frame.alerts:
                if tell(event):
                    on_alert(event)
            if film is not None:
                film.write(annotate(hidden, frame, view, finder))
        analysis.seconds = time.perf_counter() - begin
        made = film.close() if film is not None else None
        name = None if made is None else made.name  # without a frame there is no film
        sheets = pictures.sheets(analysis.events)
        write(working, analysis.summary(name), analysis.events, sheets, pictures.overview)
    if out.exists():
        shutil.rmtree(out)
    os.replace(working, out)
    return analysis


def _check_out(out: Path) -> None:
    occupied = out.exists() and not (out / "events.json").is_file()
    if occupied and (out.is_file() or any(out.iterdir())):
        do = "Give another --out."
        raise DataError(
            explain(str(out), expected="a new folder or a report", found="other files", do=do)
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(explain(str(out), expected="a folder", found=str(error))) from error


@contextmanager
def _journal(working: Path) -> Iterator[Callable[[Event], bool]]:
    """A function that notes an alert and says whether it is new."""
    journal = working / "alerts.jsonl"
    told = []
    if journal.is_file():
        for line in journal.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):  # the last one may have been cut off
                told.append(json.loads(line))
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(parents=True)
    known = {each["event"] for each in told}
    with journal.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(each) + "\n" for each in told)
        stream.flush()

        def tell(event: Event) -> bool:
            if event.event in known:
                return False
            known.add(event.event)
            stream.write(json.dumps(event.as_json()) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
            return True

        yield tell
