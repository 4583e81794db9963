"""Reads a clip frame by frame, and says what is wrong with it: files, times, light, camera.

Introduced in lab 5. A clip is a video file or a folder of pictures. The time of a frame is the
file's own, or that in the picture's name; only where there is none, frames a second have to be
given. A dwell time is never a guess. One frame is in memory at a time. What makes a clip useless is
an error; what makes it incomplete (frames missing or out of order, darkness, a camera that was
knocked) is collected as problems, so that the rest still counts.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby, islice, pairwise, product
from operator import itemgetter
from pathlib import Path

import cv2
import numpy as np

from helpers import pictures
from helpers.errors import CourseError, DataError, explain
from helpers.masks import Image, Mask
from parking.footprint import grown
from parking.zones import Camera

ASK = "Give --fps, the frames a second."


class ClipError(DataError):
    """A clip cannot be read at all, or does not belong to its camera."""


@dataclass(eq=False)
class Clip:
    """Iterate over it for (index, seconds, image): number, time and (H, W, 3) uint8 RGB."""

    name: str
    path: Path
    size: tuple[int, int]  # height and width in pixels
    frame_seconds: float  # the shortest time from frame to frame, as far as it has been read
    timed_by: str  # where the times come from, in words
    expected: int  # frames that there should be; 0 if nobody knows
    fps: float | None = None  # where the clip has no times of its own
    frames: Sequence[tuple[int, float, Path]] = ()  # of a folder: index, seconds, picture
    problems: list[str] = field(default_factory=list)  # what is missing, as far as it has been read

    def __iter__(self) -> Iterator[tuple[int, float, Image]]:
        before = -math.inf
        for index, seconds, image in self._pictures() if self.frames else self._video():
            if seconds <= before:
                found = f"frame {index} at {seconds:.3f} s after one at {before:.3f} s"
                self._problem("times that rise", found, "Later frames were not judged.")
                return
            self.frame_seconds = min(self.frame_seconds, seconds - before)
            before = seconds
            yield index, seconds, image

    def _problem(self, expected: str, found: str, do: str = "") -> None:
        self.problems.append(explain(self.path.name, expected, found, do))

    def _video(self) -> Iterator[tuple[int, float, Image]]:
        index, first, own, longest = -1, 0.0, 0.0, 0.0
        capture = cv2.VideoCapture(str(self.path))
        rate = max(capture.get(cv2.CAP_PROP_FPS), 1e-3)
        for index, (seconds, image) in enumerate(_decoded(capture)):
            first, longest, own = first if index else seconds, max(longest, seconds - own), seconds
            yield index, index / self.fps if self.fps else own - first, image
        # Matroska has no number of frames: what is expected of it is its end, times the mean rate.
        counted = self.path.suffix not in (".mkv", ".webm")
        if index + 1 < self.expected and (counted or own + 1.5 * longest < self.expected / rate):
            do = "The file is damaged or was cut short: what follows is not in the report."
            self._problem(f"{self.expected} frames", f"{index + 1} that can be read", do)

    def _pictures(self) -> Iterator[tuple[int, float, Image]]:
        expected = "frames of {1} x {0} pixels".format(*self.size)
        for index, seconds, file in self.frames:
            image = _picture(file)
            if image is None:
                self._problem(expected, f"no picture in {file.name}")
            elif image.shape[:2] != self.size:
                self._problem(expected, f"{image.shape[1]} x {image.shape[0]} in {file.name}")
            else:
                yield index, seconds, image


def open_clip(path: str | Path, camera: Camera | None = None, fps: float | None = None) -> Clip:
    """Open a video, or a folder of pictures whose names have numbers or times.

    Frames a second are needed where neither the file nor the names say when a frame was taken;
    where a video has times of its own, they go before these.

    Raises:
        ClipError: No such clip, no frame that can be read, no times, or not of the camera's size.

    >>> open_clip(kerbside.CLIPS / "test-3000-clip.mp4").timed_by
    "the file's own times"
    """
    path = Path(path)
    if fps is not None and not 0 < fps <= 1000:
        raise ClipError("frames a second", "a number above 0, at most 1000", f"{fps}")
    if not path.exists():
        raise ClipError(path, "a video or a folder", "no such file")
    clip = _open_folder(path, fps) if path.is_dir() else _open_video(path, fps)
    if camera is not None and tuple(clip.size) != tuple(camera.size):
        do = "The zones would lie elsewhere: take the file of the camera that made this clip."
        expected = f"{camera.size[1]} x {camera.size[0]} pixels as camera {camera.name} has"
        raise ClipError(path, expected, f"{clip.size[1]} x {clip.size[0]}", do)
    return clip


def _decoded(capture: cv2.VideoCapture) -> Iterator[tuple[float, Image]]:
    """Seconds of each frame by the file's own clock, 0 where it has none, and its picture."""
    while (read := capture.read())[0]:
        seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        yield seconds, cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)


def _open_video(path: Path, fps: float | None) -> Clip:
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        found = f"{path.stat().st_size:,} bytes that are none, or a damaged one"
        raise ClipError(path, "a video", found)
    count, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    expected = int(count) if 0 < count < 1e9 else 0
    first = list(islice(_decoded(capture), 4))
    if not first:
        raise ClipError(path, "at least one frame", "none")
    steps = np.diff([seconds for seconds, _ in first])
    own = bool((steps > 0).all()) and (len(first) > 1 or expected == 1)
    if fps is not None:
        other = own and abs(rate - fps) > 0.01
        although = f", although the file says {rate:g} a second" if other else ""
        timed_by, lasts = f"--fps {fps:g}{although}", 1 / fps
    elif own:
        timed_by, lasts = "the file's own times", min(steps, default=1 / max(rate, 1e-3))
    else:
        raise ClipError(path, "a time for every frame", "none", ASK)
    return Clip(path.stem, path, first[0][1].shape[:2], float(lasts), timed_by, expected, fps)


def _open_folder(path: Path, fps: float | None) -> Clip:
    files, left_out = [], []
    for file in sorted(path.glob("[!.]*")):  # macOS keeps ._0001.jpg beside 0001.jpg
        if file.is_dir():
            inside = sum(each.suffix.lower() in pictures.SUFFIXES for each in file.iterdir())
            left_out += [f"{inside} pictures in the folder {file.name}"] * bool(inside)
        elif file.suffix.lower() in pictures.SUFFIXES:
            files.append(file)
        elif file.suffix.lower() in pictures.UNREAD:
            left_out.append(file.name)
    report = partial(print, file=sys.stderr)  # such as that a picture was turned upright
    readable = (image for f in files[:20] if (image := _picture(f, report)) is not None)
    size = next((image.shape[:2] for image in readable), None)
    if size is None:
        expected = f"pictures ({', '.join(pictures.SUFFIXES)}) with numbers in their names"
        raise ClipError(path, expected, "; ".join(left_out) or "none that can be read")
    expected = "all frames as pictures in one folder, so this was left out"
    problems = [explain(path.name, expected, each) for each in left_out]
    times, timed_by = _times(path, files), "the times in the names"
    if times is not None:
        frames = _by_time(path, files, times, fps)
    else:
        frames, missing = _by_number(path, files, fps)
        problems += missing
        timed_by = f"their numbers and --fps {fps:g}"
    steps = (b[1] - a[1] for a, b in pairwise(frames))
    lasts = 1 / fps if fps else min(steps, default=0.0)
    return Clip(path.name, path, size, lasts, timed_by, len(files), fps, frames, problems)


def _picture(file: Path, report: Callable[[str], object] | None = None) -> Image | None:
    try:
        return pictures.read(file, report=report)
    except CourseError:
        return None


def _times(path: Path, files: list[Path]) -> list[float] | None:
    """Seconds that the names give, or None if they hold numbers; names must be alike."""
    forms = [re.sub(r"\d+", "#", file.stem) for file in files]
    usual = max(forms, key=forms.count)
    if "#" not in usual or len({*forms}) > 1:
        odd = [f for f, form in zip(files, forms, strict=True) if form != usual][:1]
        shown = (*odd, files[forms.index(usual)])
        found = " beside ".join(repr(file.name) for file in shown)
        raise ClipError(path, "names alike but for a number or a time", found)
    clocks = [_clock(file.stem) for file in files]
    if None in clocks:
        return None
    wholes, fractions, certain = zip(*clocks, strict=True)
    if max(wholes) < 86_400 and max(wholes) - min(wholes) > 43_200:
        do = "Is that past midnight? Put the date before the times, or number the frames."
        raise ClipError(path, "times of a day or with a date", "times without, of half a day", do)
    # 103059 may be a number as well: it is a time if 103100 follows it at the usual distance.
    times = [at + float(f"0.{part or 0}") for at, part, _ in clocks]
    steps = {round(b - a, 3) for a, b in pairwise(sorted(times))}
    numbers = sorted(int(re.sub(r"\D", "", file.stem)) for file in files)
    if not (all(certain) or len(steps) == 1 < len({b - a for a, b in pairwise(numbers)})):
        return None
    # Parts of a second that are 1, 2, 3 in every second do not divide it: they count its frames.
    seconds = groupby(sorted(clocks), key=itemgetter(0))
    runs = [[int(part or 0) for _, part, _ in run] for _, run in seconds]
    counted = all(run == [*range(run[0], run[0] + len(run))] and run[0] < 2 for run in runs)
    counted &= 1 < max(map(len, runs)) < 10 ** len(fractions[0])
    if counted or ("" in fractions and any(fractions)):
        do = "Leave it out, or number the frames from first to last."
        found = f"another number behind them, as in {files[0].name!r} and {files[-1].name!r}"
        raise ClipError(path, "times in the names, all as exact", found, do)
    return times


def _by_time(
    path: Path, files: list[Path], times: list[float], fps: float | None
) -> list[tuple[int, float, Path]]:
    """The frames in order of their times, each of which counts once."""
    rows = sorted(zip(times, files, strict=True))
    for (a, before), (b, after) in pairwise(rows):
        if b <= a:
            do = "Names in whole seconds cannot tell frames within a second apart: number them."
            raise ClipError(path, "a time each", f"{before.name} and {after.name}", do)
    usual = float(np.median(np.diff([seconds for seconds, _ in rows]))) if len(rows) > 1 else None
    if fps and usual and abs(usual * fps - 1) > 0.25:
        expected = f"times in the names that fit --fps {fps:g}"
        raise ClipError(path, expected, f"{usual:g} s from name to name", "Leave --fps out.")
    return [(index, at - rows[0][0], file) for index, (at, file) in enumerate(rows)]


def _by_number(
    path: Path, files: list[Path], fps: float | None
) -> tuple[list[tuple[int, float, Path]], list[str]]:
    """The frames by the number that changes from name to name, and what is missing or doubled."""
    columns = [*zip(*(map(int, re.findall(r"\d+", file.stem)) for file in files), strict=True)]
    changing = [each for each in columns if len({*each}) > 1] or columns[-1:]
    if len(changing) > 1:
        found = f"{len(changing)} of them, as in {files[0].name!r} and {files[-1].name!r}"
        raise ClipError(path, "one number that changes from name to name, or a time", found)
    if fps is None:
        raise ClipError(path, "a time in every name", f"numbers, as in {files[0].name!r}", ASK)
    frames, problems = {}, []
    for number, file in sorted(zip(changing[0], files, strict=True)):
        if number in frames:
            problems.append(("each number once", f"two pictures numbered {number}"))
        frames.setdefault(number, file)
    # A counter of so many digits that began anew: sorted by it, the end would come first.
    if min(frames) < 2 and {*f"{max(frames)}"} == {"9"} and len(frames) < max(frames) / 2:
        do = "Number the frames from first to last."
        raise ClipError(path, "numbers that rise", f"{file.name!r} beside {files[0].name!r}", do)
    steps = [b - a for a, b in pairwise(frames)]
    missing = [(a + 1, b - 1) for a, b in pairwise(frames) if b > a + 1]
    problems += [("every frame", f"none numbered {a}" + f" to {b}" * (a < b)) for a, b in missing]
    if steps.count(1) < 0.5 * len(steps):
        found = f"steps of {', '.join(map(str, sorted({*steps})[:4]))}, as in {file.name!r}"
        do = "Number them 0, 1, 2 and so on, or give them names with times."
        raise ClipError(path, "numbers in turn", found, do)
    first, problems = min(frames), [explain(path.name, *each) for each in problems]
    return [(n - first, (n - first) / fps, file) for n, file in frames.items()], problems


_DATE = r"(?<!\d)(?=[12]\d{3}[-_.]?[01])(?P<date>\d{4}[-_.]?\d\d[-_.]?\d\d)[-_. T]*"
# Separators twice or not at all; six digits behind it are a fraction only where a date precedes.
_TIME = r"(?P<time>\d\d(?:[-_.:h](?=\d\d[-_.:m])|(?=\d{4}))\d\d[-_.:m]?\d\d)"
_PART = r"(?:[-_](?=(?:\d{3}|\d{%d})(?!\d))|[.,]|(?=\d{3}(?!\d)))(?P<part>\d{1,9})"
_DATED = rf"{_DATE}{_TIME}(?:{_PART % 6})?(?!\d)"
_PLAIN = rf"(?<!\d){_TIME}(?:{_PART % 3})?(?!\d)"
_EPOCH = r"(?<!\d)(?P<time>1\d{9})(?:(?:\.|[-_]?(?=(?:\d{3}){1,3}(?!\d)))(?P<part>\d{1,9}))?(?!\d)"
_ZONE = r"[+-][01]\d:?[0-5]\d(?!\d)"


def _clock(stem: str) -> tuple[int, str, bool] | None:
    """The time in a name: whole seconds, the digits of their fraction, and whether it can be
    nothing but a time. None if there is none; mornings and afternoons are not understood."""
    stem = re.sub(r"(?<!\d)(?!20\d\d[01])(\d{6})(\d{6})(?!\d)", r"\1 \2", stem)  # 230501103059
    found = re.search(_DATED, stem)
    # From 2033 on ten digits are rather year, month, day, hour and minute.
    if not found and (epochs := [*re.finditer(_EPOCH, stem)]):
        return int(epochs[-1]["time"]), epochs[-1]["part"] or "", True
    found = found or [None, *re.finditer(_PLAIN, stem)][-1]
    if found is None or re.search(r"(?i)(?<![a-z])[ap]\.?m(?![a-z])", stem):
        return None
    date, zone = found.groupdict().get("date"), re.match(_ZONE, stem[found.end() :])
    digits = re.sub(r"\D", "", (date or "19700101") + found["time"])
    digits += zone[0] if zone and "T" in found[0] else "+0000"
    try:
        at = datetime.strptime(digits, "%Y%m%d%H%M%S%z").timestamp()
    except ValueError:
        return None
    return int(at), found["part"] or "", bool(date) or not found["time"].isdigit()


DARK = 14.0  # least mean brightness, 0 to 255, of what is judged
FLAT = 3.0  # least standard deviation of brightness: less is fog, or a covered lens
SHIFT = 0.008  # share of the width by which the view may be off; 2.5 pixels of 320
CLEAR = 0.08  # least response of phase correlation; of unrelated pictures it is about 0.02
ALIKE = 0.25  # least correlation of edges with those of the reference


def blind(image: Image) -> str | None:
    """Why nothing can be seen in a picture, or None."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    mean, spread = float(grey.mean()), float(grey.std())
    if mean < DARK:
        return f"too dark to judge (mean brightness {mean:.0f} of 255)"
    if spread < FLAT:
        return f"nothing to see (brightness differs by {spread:.1f} only)"
    return None


class Alignment:
    """Compares where edges lie with the reference, (H, W, 3) RGB: was the camera knocked?

    Leaves out vehicles and people. The reference, or first picture, follows slow changes of light.
    """

    def __init__(self, reference: Image | None = None) -> None:
        self._edges = None if reference is None else _edges(reference)
        self._free: np.ndarray | float = 1.0  # 1 where the reference shows the street, else 0

    def problem(self, image: Image, moving: Mask) -> str | None:
        """How the view (H, W, 3) has changed, or None; `moving`: vehicles and people, (H, W)."""
        edges = _edges(image)
        free = (~grown(moving, 3)).astype(np.float32)
        if self._edges is None:
            self._edges, self._free = edges, free
            return None
        both = free * self._free
        if both.mean() < 0.2:
            return None  # too full to tell
        now, then = edges * both, self._edges * both
        alike = float(np.corrcoef(now[both > 0], then[both > 0])[0, 1])
        # The whole, and its quarters: a turned or zoomed view shifts these in different ways.
        rows, columns = (
            (slice(0, side // 2), slice(side // 2, side // 2 * 2)) for side in both.shape
        )
        parts = [np.s_[:, :], *product(rows, columns)]
        whole, *quarters = (_shift(then[part], now[part]) for part in parts)
        least = max(2.0, SHIFT * both.shape[1])
        if whole > least:
            return f"the camera moved: its view is {whole:.0f} pixels off"
        if sum(shift > least for shift in quarters) >= 2:
            return f"the camera turned or zoomed: parts are {max(quarters):.0f} pixels off"
        if not alike > ALIKE:
            return f"the camera looks elsewhere: edges agree with its view by {alike:.2f} only"
        self._edges = self._edges + 0.05 * free * (edges - self._edges)
        self._free = np.maximum(self._free, free)
        return None


def _shift(then: np.ndarray, now: np.ndarray) -> float:
    """By how many pixels one is shifted against the other; 0 where that is not clear."""
    window = cv2.createHanningWindow(now.shape[::-1], cv2.CV_32F)
    shift, response = cv2.phaseCorrelate(then, now, window)
    return float(np.hypot(*shift)) if response > CLEAR else 0.0


def _edges(image: Image) -> np.ndarray:
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    grey = np.log1p(grey.astype(np.float32))  # twice the light is the same edge
    size = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return np.minimum(size, 0.5)
