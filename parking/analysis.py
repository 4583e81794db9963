"""Finds vehicles that stand where parking is forbidden: in a clip, or in the clips of a city.

Introduced in lab 5. `watch` judges a clip, `analyse` writes a report of it, and `city` spreads
clips over the workers of a Dask cluster. Memory does not grow with the clip. After a run that was
killed, no event is reported twice: it has the same name in every run.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from helpers.detector import Detections
from helpers.environment import dask_client
from helpers.errors import CourseError, DataError, explain
from helpers.files import write_text
from helpers.masks import Image
from parking.clips import Alignment, Clip, blind, open_clip
from parking.drawing import Evidence, annotate, check_film, film, private
from parking.events import LIMIT, Event, EventFinder, Frame
from parking.report import write
from parking.rules import THRESHOLDS
from parking.tracking import Moment, Settings
from parking.zones import Camera, read_camera

Detect = Callable[[np.ndarray], Detections]
"""From (H, W, 3) uint8 RGB to what is in it; `helpers.detector.load_detector` gives one."""

Load = Callable[[Path, tuple[int, int]], Detect]
"""From a clip and the size of its frames to its detector; called when both can be read."""

JUDGED_FROM = 0.4
"""Least detection score of what is judged; the tracker asks for more where a track begins. Weaker
detections only make people unreadable."""

REPORT = ("events.json", "events.csv", "report.html", "alerts.jsonl", "annotated.mp4")
"""Files of a report; a folder that holds anything else is not replaced."""

LOOK_EVERY = 4  # frames from one check of the camera's alignment to the next


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found in a clip."""

    clip: str
    camera: Camera
    timed_by: str  # where the times of the frames come from
    limit: float
    events: list[Event]
    problems: list[str]  # what made it incomplete: frames missing or dark, a camera that moved
    frames: int  # that were judged
    clip_seconds: float
    seconds: float  # of work, reading and drawing included

    @property
    def frames_per_second(self) -> float:
        """Speed of the analysis."""
        return self.frames / max(self.seconds, 1e-9)

    def summary(self, video: str | None = None) -> dict:
        """All but the events, as `events.json` has it; `video`: name of the film beside it."""
        return {
            "clip": self.clip,
            "camera": self.camera.name,
            "frames": self.frames,
            "clip_seconds": round(self.clip_seconds, 3),
            "timed_by": self.timed_by,
            "complete": not self.problems,
            "problems": self.problems,
            "limit_seconds": self.limit,
            "thresholds": dict(THRESHOLDS),
            "frames_per_second": round(self.frames_per_second, 2),
            "video": video,
        }


def watch(
    clip: Clip,
    camera: Camera,
    detect: Detect,
    *,
    limit: float = LIMIT,
    reference: Image | None = None,
    settings: Settings | None = None,
    on_frame: Callable[[Frame], None] = lambda frame: None,
) -> Analysis:
    """Judge a clip frame by frame, up to where the camera has moved: zones lie elsewhere then.

    A vehicle may stand for `limit` seconds. The view should look like `reference`, (H, W, 3) RGB,
    by default like the first frame. `on_frame` is called with every frame that was judged.

    Raises:
        DataError: The limit is no number of seconds, or the reference has another size.

    >>> nothing = Detections(np.zeros((0, 4)), *np.zeros((2, 0)), np.zeros((0, 240, 320), bool), ())
    >>> clip = open_clip(kerbside.CLIPS / "test-3000-clip.mp4")
    >>> watch(clip, read_camera(kerbside.camera_file(3000)), lambda image: nothing).frames
    48
    """
    if not 0 < limit < math.inf:
        raise DataError("limit", "seconds above 0", f"{limit}")
    if reference is not None and reference.shape[:2] != clip.size:
        expected = f"{clip.size[1]} x {clip.size[0]} pixels as the clip has"
        raise DataError("reference", expected, "{1} x {0}".format(*reference.shape))
    finder, alignment = EventFinder(clip.name, camera, limit, settings), Alignment(reference)
    events, dark, frames, last, begin = [], [], 0, 0.0, time.perf_counter()
    for read, (moment, image, future) in enumerate(_detected(clip, detect)):
        last, finder.frame_seconds = moment.seconds, clip.frame_seconds
        found = future.result()
        if isinstance(found, str):  # why nothing can be seen
            if not dark or dark[-1][1] < moment.index - 1:
                dark.append([moment.index, moment.index, found])
            dark[-1][1] = moment.index
            continue
        strong = found.take(found.scores >= JUDGED_FROM)
        if read % LOOK_EVERY == 0:
            moving = np.logical_or.reduce(strong.masks, axis=0)
            if moved := alignment.problem(image, moving):
                do = "Set the zones anew; frames from here on were not judged."
                expected = f"camera {camera.name} to look where its zones are"
                clip.problems.append(explain(f"frame {moment.index}", expected, moved, do))
                break
        frame = Frame(moment, image, found, *finder.update(moment, strong), finder)
        events += frame.closed
        frames += 1
        on_frame(frame)
    events = sorted(events + finder.finish(), key=lambda each: (each.first_frame, each.vehicle))
    expected, do = "a view of the street", "These frames were not judged."
    unseen = [explain(f"{clip.name}, frames {first} to {end}", expected, reason, do)
              for first, end, reason in dark]  # fmt: skip
    return Analysis(clip.name, camera, clip.timed_by, limit, events, clip.problems + unseen,
                    frames, last + finder.frame_seconds, time.perf_counter() - begin)  # fmt: skip


def _detected(clip: Clip, detect: Detect) -> Iterator[tuple[Moment, Image, Future]]:
    """Each frame with its detections to come, or the reason why nothing can be seen in it.

    While one is judged and drawn, the next is being detected: TensorFlow frees Python's lock.
    """
    waiting: deque = deque()
    with ThreadPoolExecutor(1) as pool:
        for index, seconds, image in clip:
            future = pool.submit(lambda image: blind(image) or detect(image), image)
            waiting.append((Moment(index, seconds), image, future))
            if len(waiting) > 1:
                yield waiting.popleft()
        yield from waiting


def analyse(
    clip: str | os.PathLike,
    camera: str | os.PathLike,
    load: Load,
    out: str | os.PathLike,
    *,
    fps: float | None = None,
    limit: float = LIMIT,
    reference: Image | None = None,
    video: bool = True,
    on_alert: Callable[[dict], None] = lambda event: None,
) -> Analysis:
    """Analyse a clip and write a report into the folder `out`, see `parking.report`.

    It is made in a folder beside `out` that takes its name, and replaces an older report, when all
    is done. Alerts go to `alerts.jsonl` there and to `on_alert` as they are raised, each once.
    `open_clip` explains `clip` and `fps`, `watch` the others; `load` should give a detector of what
    scores from `parking.drawing.PRIVATE` on. Without `video` there is no `annotated.mp4`.

    Raises:
        CourseError: Camera file or clip cannot be used, or `out` is something else than a report.
    """
    view = read_camera(camera)
    opened, out = open_clip(clip, view, fps), Path(out).resolve()
    others = {each.name for each in out.iterdir()} - {*REPORT} if out.is_dir() else ()
    if others or out.is_file():
        found = ", ".join(sorted(others)[:3]) or "a file"
        raise DataError(out, "a new folder or a report", found, "Give another --out.")
    if video:
        check_film()  # if there is no ffmpeg, nothing has been touched yet
    detect = load(opened.path, opened.size)
    working, pictures = out.with_name(f".{out.name}.partial"), Evidence(view)
    begun, setting = working / "setting", repr((opened.path.resolve(), camera, fps, limit))
    alerts, movie = working / "alerts.jsonl", working / "annotated.mp4"
    try:
        working.mkdir(parents=True, exist_ok=True)
        if begun.is_file() and begun.read_text(encoding="utf-8") != setting:
            alerts.unlink(missing_ok=True)  # of another clip, or another limit
        movie.unlink(missing_ok=True)  # of a run that was killed
        write_text(begun, setting)
    except OSError as error:
        raise DataError(out, "a folder", str(error)) from error
    bar = tqdm(total=opened.expected or None, desc=opened.name, unit="frame")
    shown = film(movie, opened) if video else nullcontext(lambda image: None)
    with _journal(alerts) as (earlier, note), shown as show, bar:
        known = {each["event"] for each in earlier}

        def take(frame: Frame) -> None:
            hidden = private(frame.image, frame.found)
            pictures.see(frame, hidden)
            for event in (each.as_json() for each in frame.alerts if each.event not in known):
                note(event)
                on_alert(event)
            show(annotate(hidden, frame))
            bar.update()

        analysis = watch(opened, view, detect, limit=limit, reference=reference, on_frame=take)
    summary = analysis.summary(movie.name if movie.exists() else None)
    write(working, summary, analysis.events, pictures.sheets(analysis.events), pictures.overview)
    begun.unlink()
    shutil.rmtree(out, ignore_errors=True)
    os.replace(working, out)
    return analysis


@contextmanager
def _journal(file: Path) -> Iterator[tuple[list[dict], Callable[[dict], None]]]:
    """The objects in a file of JSON lines, but for a last line that was cut off, and a function
    that adds one; it is on disc when that returns."""
    with file.open("a+b") as stream:
        stream.seek(0)
        lines = [line for line in stream if line.endswith(b"\n")]
        stream.truncate(sum(map(len, lines)))

        def note(content: dict) -> None:
            stream.write(json.dumps(content).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

        yield [json.loads(line) for line in lines], note


def analyse_clip(
    clip: Path, cameras: Path, load: Load, limit: float = LIMIT, fps: float | None = None
) -> dict:
    """The events of a clip, and what made it incomplete, as plain values; see `city`.

    A clip belongs to the camera in `cameras` of the same name, or of a part between its hyphens.

    >>> analyse_clip("test-3000-clip.avi", kerbside.CAMERAS, load=None)["problems"]
    ['test-3000-clip.avi: expected a video or a folder, found no such file.']
    """
    clip, events, problems = Path(clip), [], []
    try:
        exact = Path(cameras, f"{clip.stem}.json")
        parts = (Path(cameras, f"{part}.json") for part in dict.fromkeys(clip.stem.split("-")))
        files = [exact] if exact.is_file() else [file for file in parts if file.is_file()]
        if len(files) != 1:
            expected = f"a camera file {clip.stem}.json, or one named by a part of it"
            raise DataError(cameras, expected, ", ".join(f.name for f in files) or "none")
        camera = read_camera(files[0])
        opened = open_clip(clip, camera, fps)
        analysis = watch(opened, camera, load(clip, opened.size), limit=limit)
        events, problems = [event.as_json() for event in analysis.events], analysis.problems
    except CourseError as error:  # one bad clip of thousands must not stop the others
        problems = [str(error)]
    return {"clip": clip.stem, "events": events, "problems": problems}


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
    """Analyse many clips on a Dask cluster and write one JSON line a clip.

    A clip is done whole or done again: if a worker dies, another one takes its clip. Finished clips
    are kept in a file beside `out`, so that a run which was killed goes on where it stopped, unless
    the clip or a camera file is another since, and reports nothing twice.

    `cameras` is the folder of camera files; `load` gives the detector of a clip, `open_clip`
    explains `fps`. Without the address of a Dask `scheduler`, `workers` processes are started here.
    `on_alert` is called once for each violation, when its clip is done.

    Raises:
        DataError: Two clips have the same name.
        SetupError: Dask is not installed, or no scheduler answers.
    """
    paths = {Path(clip).stem: Path(clip).resolve() for clip in clips}
    if len(paths) < len(clips):
        raise DataError("clips", "a name each", f"{len(clips)} clips with {len(paths)} names")
    journal, cameras = Path(out).with_name(f".{Path(out).name}.partial"), Path(cameras).resolve()
    journal.parent.mkdir(parents=True, exist_ok=True)
    changed = [file.stat().st_mtime for file in sorted(cameras.glob("*.json"))]
    with dask_client(scheduler, workers=workers) as client, _journal(journal) as (lines, note):
        from dask.base import tokenize
        from dask.distributed import as_completed

        settings = {name: tokenize(path, path.exists() and path.stat().st_mtime, cameras, changed,
                                   load, limit, fps) for name, path in paths.items()}  # fmt: skip
        done = {e["clip"]: e for e in lines if e.pop("setting") == settings.get(e["clip"])}
        tasks = [client.submit(analyse_clip, path, cameras, load, limit, fps, pure=False)
                 for name, path in paths.items() if name not in done]  # fmt: skip
        for task in tqdm(as_completed(tasks), "clips", len(paths), initial=len(done), unit="clip"):
            result = task.result()
            note(result | {"setting": settings[result["clip"]]})
            done[result["clip"]] = result
            for event in filter(itemgetter("violation"), result["events"]):
                on_alert(event)
    results = [done[name] for name in sorted(paths)]
    write_text(out, "".join(json.dumps(each) + "\n" for each in results))
    journal.unlink()
    return results
