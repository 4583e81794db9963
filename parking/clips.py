"""Reads a clip frame by frame, and says what is wrong with it: files, times, light, camera.

Introduced in lab 5. A clip is a video file or a folder of pictures. The time of a frame is the
file's own, or that in the picture's name; only where there is none, frames a second have to be
given. A dwell time is never a guess. One frame is in memory at a time. What makes a clip useless is
an error; what makes it incomplete (frames missing or out of order, darkness, a camera that was
knocked) is collected as problems, so that the rest still counts.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from helpers import pictures
from helpers.errors import CourseError, DataError, explain
from helpers.masks import Image, Mask
from parking.zones import Camera

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
OTHERS = (".gif", ".heic", ".heif", ".avif", ".jp2", ".dng", ".raw", ".jxl")
"""Suffixes of pictures that are not read, and are reported."""

ASK = "Give --fps, the frames a second."


class ClipError(DataError):
    """A clip cannot be read at all, or does not belong to its camera."""


@dataclass(eq=False)
class Clip:
    """Iterate over it for (index, seconds, image): number, time and (H, W, 3) uint8 RGB."""

    name: str
    path: Path
    size: tuple[int, int]
    """Height and width in pixels."""
    frame_seconds: float
    """The shortest time from one frame to the next, as far as the clip has been read: how long a
    frame lasts at least."""
    timed_by: str
    """Where the times come from, in words."""
    expected: int
    """Frames that there should be; 0 if nobody knows."""
    fps: float | None = None
    """Frames a second, where the clip has no times of its own."""
    frames: Sequence[tuple[int, float, Path]] = ()
    """Of a folder: index, seconds and file of each picture."""
    problems: list[str] = field(default_factory=list)
    """What made the clip incomplete, as far as it has been read."""

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
        self.problems.append(explain(self.path.name, expected=expected, found=found, do=do))

    def _video(self) -> Iterator[tuple[int, float, Image]]:
        capture, index, first = cv2.VideoCapture(str(self.path)), 0, 0.0
        try:
            while True:
                read, frame = capture.read()
                if not read:
                    break
                own = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                first = first if index else own
                seconds = index / self.fps if self.fps else own - first
                yield index, seconds, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                index += 1
        finally:
            capture.release()
        if self.expected and index < self.expected:
            do = "The file is damaged or was cut short: what follows is not in the report."
            self._problem(f"{self.expected} frames", f"{index} that can be read", do)

    def _pictures(self) -> Iterator[tuple[int, float, Image]]:
        for index, seconds, file in self.frames:
            image = _picture(file)
            if image is None or image.shape[:2] != self.size:
                found = "no picture" if image is None else f"{image.shape[1]} x {image.shape[0]}"
                self._problem(
                    f"frames of {self.size[1]} x {self.size[0]} pixels", f"{found} in {file.name}"
                )
                continue
            yield index, seconds, image


def open_clip(
    path: str | os.PathLike, camera: Camera | None = None, fps: float | None = None
) -> Clip:
    """Opens a clip and reads its first frame.

    Args:
        path: Video file, or folder of pictures whose names have numbers or times.
        camera: Camera that must have pictures of the same size.
        fps: Frames a second. Needed where neither the file nor the names say when a frame was
            taken; where a video has times of its own, it goes before them.

    Raises:
        ClipError: No such clip, no frame that can be read, no times, or another size than the
            camera's.
    """
    path = Path(path)
    name = str(path)
    if fps is not None and not (math.isfinite(fps) and 0 < fps <= 1000):
        expected = "a number above 0, at most 1000"
        raise ClipError("frames a second", expected=expected, found=f"{fps}")
    if not path.exists():
        raise ClipError(name, expected="a video or a folder", found="no such file")
    clip = _open_folder(path, fps) if path.is_dir() else _open_video(path, fps)
    if camera is not None and tuple(clip.size) != tuple(camera.size):
        do = "The zones would lie elsewhere: take the file of the camera that made this clip."
        expected = f"{camera.size[1]} x {camera.size[0]} pixels as camera {camera.name} has"
        found = f"{clip.size[1]} x {clip.size[0]}"
        raise ClipError(name, expected=expected, found=found, do=do)
    return clip


def _open_video(path: Path, fps: float | None) -> Clip:
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            found = f"{path.stat().st_size:,} bytes that are none, or a damaged one"
            raise ClipError(str(path), expected="a video", found=found)
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        expected = int(count) if 0 < count < 1e9 else 0
        times, size = [], None
        while len(times) < 4:
            read, frame = capture.read()
            if not read:
                break
            size = size or frame.shape[:2]
            times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if size is None:
            raise ClipError(str(path), expected="at least one frame", found="none")
        rate = float(capture.get(cv2.CAP_PROP_FPS))
    finally:
        capture.release()
    steps = np.diff(times)
    own = bool((steps > 0).all()) and (len(times) > 1 or expected == 1)
    if not own and fps is None:
        expected_times = "a time for every frame"
        raise ClipError(str(path), expected=expected_times, found="none", do=ASK)
    if fps is not None:
        told = (
            f", although the file says {rate:g} a second" if own and abs(rate - fps) > 0.01 else ""
        )
        timed_by, lasts = f"--fps {fps:g}{told}", 1 / fps
    else:
        timed_by, lasts = "the file's own times", steps.min() if len(steps) else 1 / max(rate, 1e-3)
    return Clip(path.stem, path, size, float(lasts), timed_by, expected, fps)


# --- folders of pictures ----------------------------------------------------------------------


def _open_folder(path: Path, fps: float | None) -> Clip:
    files, left_out = [], []
    for file in sorted(path.iterdir()):
        if file.name.startswith("."):
            continue  # macOS keeps ._0001.jpg beside 0001.jpg
        if file.is_dir():
            inside = sum(each.suffix.lower() in PICTURES for each in file.iterdir())
            left_out += [f"{inside} pictures in the folder {file.name}"] * bool(inside)
        elif file.suffix.lower() in PICTURES:
            files.append(file)
        elif file.suffix.lower() in OTHERS:
            left_out.append(file.name)
    say = partial(print, file=sys.stderr)  # such as that a picture was turned upright
    readable = (image for f in files[:20] if (image := _picture(f, say)) is not None)
    size = next((image.shape[:2] for image in readable), None)
    if size is None:
        expected = f"pictures ({', '.join(PICTURES)}) with numbers in their names"
        found = "; ".join(left_out) or "none that can be read"
        raise ClipError(str(path), expected=expected, found=found)
    frames, timed_by, problems = _timed(path, files, fps)
    expected = "all frames as pictures in one folder, so this was left out"
    problems += [explain(path.name, expected=expected, found=each) for each in left_out]
    steps = [b[1] - a[1] for a, b in pairwise(frames)]
    lasts = 1 / fps if fps else min(steps, default=0.0)
    return Clip(path.name, path, size, lasts, timed_by, len(files), fps, frames, problems)


def _timed(
    path: Path, files: list[Path], fps: float | None
) -> tuple[list[tuple[int, float, Path]], str, list[str]]:
    """Index and seconds of each picture from its name, how that was read, and problems.

    The number that changes from name to name counts. It is a time if it has the form of one.
    """
    forms = Counter(re.sub(r"\d+", "#", file.stem) for file in files)
    usual = forms.most_common(1)[0][0]
    odd = next((f for f in files if re.sub(r"\d+", "#", f.stem) != usual), None)
    if odd is not None or "#" not in usual:
        first = next((f for f in files if f is not odd), files[0])
        expected = "names alike but for a number or a time"
        found = f"{(odd or first).name!r}" + (f" beside {first.name!r}" if odd else "")
        raise ClipError(str(path), expected=expected, found=found)
    clock = [_clock(file.stem) for file in files]
    if None not in clock:
        times = [seconds for seconds, _ in clock]
        steps = {round(b - a, 3) for a, b in pairwise(sorted(times))}
        # 103059 may be a number as well: it is a time if 103100 follows it at the usual distance.
        numbers = sorted(int("".join(re.findall(r"\d+", file.stem))) for file in files)
        jumps = any(b - a > 40 for a, b in pairwise(numbers))
        if all(certain for _, certain in clock) or (jumps and len(steps) == 1):
            return _by_clock(path, files, times, fps)
    changing = [
        values for values in zip(*(re.findall(r"\d+", f.stem) for f in files), strict=True)
        if len({int(v) for v in values}) > 1
    ] or [tuple(re.findall(r"\d+", file.stem)[-1] for file in files)]  # fmt: skip
    if len(changing) > 1:
        expected = "one number that changes from name to name, or a time"
        found = f"{len(changing)} of them, as in {files[0].name!r} and {files[-1].name!r}"
        raise ClipError(str(path), expected=expected, found=found)
    return _by_number(path, files, [int(value) for value in changing[0]], fps)


def _by_clock(path, files, times, fps):
    order = sorted(range(len(files)), key=lambda k: times[k])
    ordered = [times[k] for k in order]
    for k, (a, b) in enumerate(pairwise(ordered)):
        if b <= a:
            names = f"{files[order[k]].name} and {files[order[k + 1]].name}"
            do = "Names in whole seconds cannot tell frames within a second apart: number them."
            raise ClipError(str(path), expected="a time each", found=names, do=do)
    steps = np.diff(ordered)
    if len(steps) and steps.min() < np.median(steps) / 10:
        found = f"steps of {steps.min():.3f} s beside {np.median(steps):.3f} s"
        do = "Is the last part of the names a counter? Leave it out, or number the frames."
        raise ClipError(str(path), expected="times in the names", found=found, do=do)
    if fps is not None and len(steps) and abs(np.median(steps) * fps - 1) > 0.25:
        found = f"{np.median(steps):g} s from name to name"
        expected = f"times in the names that fit --fps {fps:g}"
        raise ClipError(str(path), expected=expected, found=found, do="Leave --fps out.")
    rows = [(n, times[k] - ordered[0], files[k]) for n, k in enumerate(order)]
    return rows, "the times in the names", []


def _by_number(path, files, numbers, fps):
    if fps is None:
        found = f"numbers, as in {files[0].name!r}"
        expected = "a time in every name"
        raise ClipError(str(path), expected=expected, found=found, do=ASK)
    order = sorted(range(len(files)), key=lambda k: (numbers[k], files[k].name))
    problems, rows = [], []
    for k in order:
        if rows and numbers[k] - numbers[order[0]] == rows[-1][0]:
            found = f"two pictures numbered {numbers[k]}"
            problems.append(explain(path.name, expected="each number once", found=found))
            continue
        index = numbers[k] - numbers[order[0]]
        if rows and index > rows[-1][0] + 1:
            first, last = rows[-1][0] + 1 + numbers[order[0]], numbers[k] - 1
            found = f"none numbered {first}" + (f" to {last}" if last > first else "")
            problems.append(explain(path.name, expected="every frame", found=found))
        rows.append((index, index / fps, files[k]))
    steps = np.diff([row[0] for row in rows])
    if len(steps) and np.count_nonzero(steps == 1) < 0.5 * len(steps):
        found = f"steps of {', '.join(map(str, sorted(set(steps.tolist()))[:4]))}, as in " + repr(
            rows[-1][2].name
        )
        do = "Number them 0, 1, 2 and so on, or give them names with times."
        raise ClipError(str(path), expected="numbers in turn", found=found, do=do)
    return rows, f"their numbers and --fps {fps:g}", problems


_DATE = r"(\d{4})[-_.]?(\d\d)[-_.]?(\d\d)[-_. T]*"
_TIME = r"(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?:[-_.,](\d{3}|\d{6})(?!\d)|(\d{3}))?(?!\d)"


def _clock(stem: str) -> tuple[float, bool] | None:
    """Seconds that a name tells, and whether it can be nothing but a time; None if it cannot be."""
    if found := re.search(rf"(?<!\d){_DATE}{_TIME}", stem):
        try:
            day = datetime(*map(int, found.groups()[:6]))
        except ValueError:
            return None
        return (day - datetime(1970, 1, 1)).total_seconds() + _fraction(found[7], found[8]), True
    epochs = [part for part in re.findall(r"\d+", stem) if len(part) in (10, 13, 16)]
    if epochs and 1e9 <= (seconds := int(epochs[-1]) / 10 ** (len(epochs[-1]) - 10)) < 4.2e9:
        return seconds, True
    if found := re.search(rf"(?<!\d){_TIME}", stem):
        hours, minutes, seconds = (int(part) for part in found.groups()[:3])
        if hours < 24 and minutes < 60 and seconds < 60:
            whole = 3600 * hours + 60 * minutes + seconds
            divided = bool(re.search(r"\d\d[-_.:h]\d\d[-_.:m]\d\d", found[0]))
            return whole + _fraction(found[4], found[5]), divided
    return None


def _fraction(*digits: str | None) -> float:
    return next((int(part) / 10 ** len(part) for part in digits if part), 0.0)


def _picture(file: Path, report: Callable[[str], object] = lambda line: None) -> Image | None:
    try:
        return pictures.read(file, report=report)
    except CourseError:
        return None


# --- can the camera see, and does it look where it should? ------------------------------------

DARK = 14.0
"""Mean brightness, 0 to 255, under which nothing is judged."""
FLAT = 3.0
"""Standard deviation of brightness under which there is nothing to see: fog, a covered lens."""
SHIFT = 0.008
"""Share of the width by which the view may be off; 2.5 pixels of 320."""
CLEAR = 0.08
"""Least response of phase correlation; of unrelated pictures it is about 0.02."""
ALIKE = 0.25
"""Least correlation of edges with those of the reference."""


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
    """Compares where edges lie with the reference: did somebody knock the camera?

    Vehicles and people are left out; the reference follows slow changes of light.
    """

    def __init__(self, reference: Image | None = None) -> None:
        self._reference: np.ndarray | None = None
        self._free: np.ndarray | None = None
        if reference is not None:
            self._reference = _edges(reference)
            self._free = np.ones(reference.shape[:2], np.float32)

    def problem(self, image: Image, moving: Mask) -> str | None:
        """How the view has changed, or None.

        Args:
            image: (H, W, 3) uint8 RGB.
            moving: Pixels of vehicles and people, (H, W) bool.
        """
        edges = _edges(image)
        around = cv2.dilate(moving.astype(np.uint8), np.ones((7, 7), np.uint8))
        free = (1 - around).astype(np.float32)
        if self._reference is None:
            self._reference, self._free = edges, free
            return None
        both = free * self._free
        if both.mean() < 0.2:
            return None  # too full to tell
        now, then = edges * both, self._reference * both
        alike = float(np.corrcoef(now[both > 0], then[both > 0])[0, 1])
        # The whole, and its quarters: a turned or zoomed view shifts these in different ways.
        height, width = both.shape
        whole, *quarters = (
            self._shift(then[rows, columns], now[rows, columns])
            for rows, columns in [
                (slice(None), slice(None)),
                *(
                    (slice(y, y + height // 2), slice(x, x + width // 2))
                    for y in (0, height // 2)
                    for x in (0, width // 2)
                ),
            ]
        )
        least = max(2.0, SHIFT * width)
        if whole > least:
            return f"the camera moved: its view is {whole:.0f} pixels off"
        if sum(shift > least for shift in quarters) >= 2:
            return f"the camera turned or zoomed: parts are {max(quarters):.0f} pixels off"
        if not alike > ALIKE:
            return f"the camera looks elsewhere: edges agree with its view by {alike:.2f} only"
        self._reference = self._reference + 0.05 * free * (edges - self._reference)
        self._free = np.maximum(self._free, free)
        return None

    @staticmethod
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
