"""Finds vehicles that stand where parking is forbidden: in a clip, or in the clips of a city.

Introduced in lab 5. `watch` judges one frame after another, `analyse` writes a report of a clip,
and `city` spreads clips over the workers of a Dask cluster. Memory does not grow with the clip.
A run that was killed is done anew, and no event is reported twice: an event has the same
name in every run.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np

from helpers.detector import Detections
from helpers.errors import CourseError, DataError, SetupError, explain
from helpers.files import write_text
from helpers.masks import Image
from parking.clips import Alignment, Clip, blind, open_clip
from parking.drawing import Evidence, annotate, check_film, film, private
from parking.events import LIMIT, Event, EventFinder
from parking.report import write
from parking.rules import THRESHOLDS
from parking.tracking import Moment, Settings, Stand, Track, Tracker
from parking.zones import Camera, read_camera

Detect = Callable[[np.ndarray], Detections]
"""From (H, W, 3) uint8 RGB to what is in it; `helpers.detector.load_detector` gives one."""

LEAST_SCORE = 0.4
"""Least detection score of what is judged; the tracker asks for more where a track begins. Weaker
detections only make people unreadable."""

LOOK_EVERY = 4
"""Frames from one check of the camera's alignment to the next."""


@dataclass(eq=False)
class Analysis:
    """What a clip's analysis found; grows while it runs."""

    clip: str
    camera: Camera
    timed_by: str
    finder: EventFinder
    events: list[Event] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    frames: int = 0
    last_seconds: float = 0.0
    """Time of the last frame in the clip."""
    seconds: float = 0.0
    """Duration of the work, reading and drawing included."""

    @classmethod
    def of(
        cls, clip: Clip, camera: Camera, limit: float = LIMIT, settings: Settings | None = None
    ) -> Analysis:
        """An analysis that has not begun.

        Raises:
            DataError: The limit is no number of seconds.
        """
        if not (math.isfinite(limit) and limit > 0):
            raise DataError("limit", expected="seconds above 0", found=f"{limit}")
        finder = EventFinder(clip.name, camera, limit, settings)
        return cls(clip.name, camera, clip.timed_by, finder)

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
            "clip_seconds": round(self.last_seconds + self.finder.frame_seconds, 3),
            "timed_by": self.timed_by,
            "complete": self.complete,
            "problems": list(self.problems),
            "limit_seconds": self.finder.limit,
            "thresholds": dict(THRESHOLDS),
            "frames_per_second": round(self.frames_per_second, 2),
            "video": video,
        }


@dataclass(frozen=True)
class Frame:
    """One frame as `watch` has judged it."""

    moment: Moment
    image: Image
    found: Detections
    """Everything detected, however weakly."""
    tracks: list[Track]
    alerts: list[tuple[Event, Track]]
    closed: list[tuple[Event, Stand]]
    """Events that ended with this frame."""

    @property
    def index(self) -> int:
        """Number of the frame in the clip."""
        return self.moment.index


def watch(
    clip: Clip, analysis: Analysis, detect: Detect, *, reference: Image | None = None
) -> Iterator[Frame]:
    """Judges a clip frame by frame and adds to the analysis what it finds.

    Stops early, with a problem noted, where the camera has moved: zones lie elsewhere then.

    Args:
        clip: The clip.
        analysis: A new `Analysis.of` the clip.
        detect: Detector, from an image to detections.
        reference: How the camera's view should look; by default as in the first frame.
    """
    camera, finder = analysis.camera, analysis.finder
    tracker = Tracker(camera, finder.settings)
    alignment, dark, begin = Alignment(reference), [], time.perf_counter()
    for read, (moment, image, reason, found) in enumerate(_detected(clip, detect)):
        analysis.last_seconds, finder.frame_seconds = moment.seconds, clip.frame_seconds
        if found is None:
            dark.append((moment.index, reason))
            continue
        strong = found.take(found.scores >= LEAST_SCORE)
        if read % LOOK_EVERY == 0:
            moving = strong.masks.any(axis=0) if len(strong) else np.zeros(camera.size, bool)
            if moved := alignment.problem(image, moving):
                do = "Set the zones anew; frames from here on were not judged."
                expected = f"camera {camera.name} to look where its zones are"
                where = f"frame {moment.index}"
                clip.problems.append(explain(where, expected=expected, found=moved, do=do))
                break
        tracks = tracker.update(moment, strong)
        alerts = list(finder.alerts(tracks))
        closed = finder.closed(tracker)
        analysis.events += [event for event, _ in closed]
        analysis.frames += 1
        analysis.seconds = time.perf_counter() - begin
        yield Frame(moment, image, found, tracks, alerts, closed)
    analysis.problems += clip.problems + _unseen(clip.name, dark)
    # What still stands goes on; nothing is alerted twice because the clip ended.
    standing = {id(track.stand) for track in tracker.tracks}
    tracker.finish()
    analysis.events += [event for event, _ in finder.closed(tracker, standing)]
    analysis.events.sort(key=lambda event: (event.first_frame, event.vehicle))
    analysis.seconds = time.perf_counter() - begin


def _detected(
    clip: Clip, detect: Detect
) -> Iterator[tuple[Moment, Image, str | None, Detections | None]]:
    """Each frame with its detections, or with the reason why nothing can be seen in it.

    While one frame is judged and drawn, the next one is being detected: TensorFlow does not hold
    Python's lock, so both cores work.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for index, seconds, image in clip:
            reason = blind(image)
            future = None if reason else pool.submit(detect, image)
            if waiting is not None:
                yield _arrived(*waiting)
            waiting = Moment(index, seconds), image, reason, future
        if waiting is not None:
            yield _arrived(*waiting)


def _arrived(moment, image, reason, future):
    return moment, image, reason, None if future is None else future.result()


def _unseen(name: str, blind: list[tuple[int, str]]) -> list[str]:
    """Frames in which nothing could be seen, as runs."""
    runs: list[list] = []
    for index, reason in blind:
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index, reason])
    return [
        explain(f"{name}, frames {first} to {last}", expected="a view of the street",
                found=reason, do="These frames were not judged.")
        for first, last, reason in runs
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
    on_alert: Callable[[Event], None] = lambda event: None,
) -> Analysis:
    """Analyses a clip and writes a report: see `parking.report` for what is in it.

    The report is made in a folder beside `out` that takes its name when all is done. Alerts go to
    `alerts.jsonl` there as they are raised.

    Args:
        clip: Video, or folder of pictures.
        camera: Its camera file.
        detect: Detector, from an image to detections. Its weak detections, from
            `parking.drawing.PRIVATE` on, only serve to make people unreadable.
        out: Folder of the report; one that holds an older report is replaced.
        fps: Frames a second, where neither the clip nor the names of its frames say it.
        limit: Seconds that a vehicle may stand.
        reference: How the camera's view should look; by default as in the first frame.
        video: Whether an annotated clip is written, `annotated.mp4`.
        on_alert: Called once for every new violation, when it reaches the limit.

    Raises:
        ZoneError: The camera file is missing or wrong.
        ClipError: The clip cannot be read, or is of another size.
        DataError: `out` is something else than a report.
    """
    from tqdm.auto import tqdm

    view = read_camera(camera)
    opened = open_clip(clip, view, fps)
    analysis = Analysis.of(opened, view, limit)
    out = Path(out)
    _check_out(out)
    if video:
        check_film()  # if there is no ffmpeg, nothing has been touched yet
    working = out.with_name(f".{out.name}.partial")
    pictures = Evidence(view)
    with _journal(working) as tell, film(working / "annotated.mp4", opened, video) as show:
        frames = watch(opened, analysis, detect, reference=reference)
        for frame in tqdm(frames, total=opened.expected or None, desc=opened.name, unit="frame"):
            hidden = private(frame.image, frame.found)
            pictures.see(frame, hidden, analysis.finder)
            for event, _ in frame.alerts:
                if tell(event):
                    on_alert(event)
            show(annotate(hidden, frame, view, analysis.finder))
    made = "annotated.mp4" if (working / "annotated.mp4").exists() else None
    sheets = pictures.sheets(analysis.events)
    write(working, analysis.summary(made), analysis.events, sheets, pictures.overview)
    if out.exists():
        shutil.rmtree(out)
    os.replace(working, out)
    return analysis


def _check_out(out: Path) -> None:
    occupied = out.exists() and not (out / "events.json").is_file()
    if occupied and (out.is_file() or any(out.iterdir())):
        do = "Give another --out."
        raise DataError(str(out), expected="a new folder or a report", found="other files", do=do)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(str(out), expected="a folder", found=str(error)) from error


@contextmanager
def _journal(working: Path) -> Iterator[Callable[[Event], bool]]:
    """A function that notes an alert and says whether it is new."""
    journal = working / "alerts.jsonl"
    told = _lines(journal)
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(parents=True)
    known = {each["event"] for each in told}
    with journal.open("w", encoding="utf-8") as stream:
        for each in told:
            _append(stream, each)

        def tell(event: Event) -> bool:
            if event.event in known:
                return False
            known.add(event.event)
            _append(stream, event.as_json())
            return True

        yield tell


def _lines(file: Path) -> list[dict]:
    """The objects of a file of JSON lines; the last line may have been cut off."""
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _append(stream: TextIO, content: dict) -> None:
    stream.write(json.dumps(content) + "\n")
    stream.flush()
    os.fsync(stream.fileno())


# --- a city -----------------------------------------------------------------------------------

Load = Callable[[Path, tuple[int, int]], Detect]
"""From a clip and the size of its frames to its detector; called once a clip, on the worker."""


def analyse_clip(
    clip: Path, cameras: Path, load: Load, limit: float = LIMIT, fps: float | None = None
) -> dict:
    """The events of a clip, and what made it incomplete, as plain values.

    Args:
        clip: Video, or folder of pictures. It belongs to the camera named in the file name, or has
            between hyphens, as Kerbside's `test-3000-clip` does.
        cameras: Folder of camera files.
        load: Gives the detector.
        limit: Seconds that a vehicle may stand.
        fps: Frames a second, see `open_clip`.
    """
    clip = Path(clip)
    try:
        names = (f"{name}.json" for name in (clip.stem, *clip.stem.split("-")))
        file = next((Path(cameras, name) for name in names if Path(cameras, name).is_file()), None)
        if file is None:
            expected = f"a camera file {clip.stem}.json, or named by a part of it"
            raise DataError(str(cameras), expected=expected, found="none")
        camera = read_camera(file)
        opened = open_clip(clip, camera, fps)
        analysis = Analysis.of(opened, camera, limit)
        for _ in watch(opened, analysis, load(clip, opened.size)):
            pass
    except CourseError as error:  # one bad clip of thousands must not stop the others
        return {"clip": clip.stem, "events": [], "problems": [str(error)]}
    events = [event.as_json() for event in analysis.events]
    return {"clip": clip.stem, "events": events, "problems": analysis.problems}


def city(
    clips: Sequence[str | os.PathLike],
    cameras: str | os.PathLike,
    load: Load,
    out: str | os.PathLike,
    *,
    limit: float = LIMIT,
    fps: float | None = None,
    scheduler: str | None = None,
    workers: int = 2,
    on_alert: Callable[[dict], None] = lambda event: None,
) -> list[dict]:
    """Analyses many clips on a Dask cluster and writes one JSON line a clip.

    A clip is the unit that is done whole or done again: if a worker dies, another one takes its
    clip. Finished clips are kept in a file beside `out`, so that a run which was killed goes on
    where it stopped, and tells nothing twice.

    Args:
        clips: Videos and folders, see `analyse_clip`.
        cameras: Folder of camera files.
        load: Gives the detector of a clip.
        out: File of the results, by clip.
        limit: Seconds that a vehicle may stand.
        fps: Frames a second, see `open_clip`.
        scheduler: Address of a Dask scheduler; None starts `workers` processes here.
        workers: Number of worker processes of this machine.
        on_alert: Called once for each violation, when its clip is done.

    Raises:
        DataError: Two clips have the same name.
        SetupError: Dask is not installed.
    """
    try:
        from dask.distributed import Client, LocalCluster, as_completed
    except ImportError as error:
        do = "Run `pip install distributed`."
        raise SetupError("city", expected="the package distributed", found="none", do=do) from error
    from tqdm.auto import tqdm

    paths = {Path(clip).stem: Path(clip).resolve() for clip in clips}
    if len(paths) < len(clips):
        found = f"{len(clips)} clips with {len(paths)} names"
        raise DataError("clips", expected="a name each", found=found)
    journal = Path(out).with_name(f".{Path(out).name}.partial")
    journal.parent.mkdir(parents=True, exist_ok=True)
    room = Path(cameras).resolve()
    setting = {"cameras": str(room), "limit": limit, "fps": fps}
    before = _lines(journal)
    kept = before[1:] if before[:1] == [setting] else []  # not of a run with other settings
    done = {each["clip"]: each for each in kept if each["clip"] in paths}
    left = [path for name, path in paths.items() if name not in done]
    with journal.open("w", encoding="utf-8") as stream:
        for each in (setting, *done.values()):
            _append(stream, each)
        here = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
        with (
            nullcontext(scheduler) if scheduler else LocalCluster(**here) as cluster,
            Client(cluster) as client,
        ):
            tasks = [
                client.submit(analyse_clip, path, room, load, limit, fps, pure=False)
                for path in left
            ]
            bar = tqdm(total=len(paths), initial=len(done), desc="clips", unit="clip")
            for task in as_completed(tasks):
                result = task.result()
                _append(stream, result)
                done[result["clip"]] = result
                for event in result["events"]:
                    if event["violation"]:
                        on_alert(event)
                bar.update()
            bar.close()
    results = [done[name] for name in sorted(paths)]
    write_text(out, "".join(json.dumps(each) + "\n" for each in results))
    journal.unlink()
    return results
