"""Reads a clip frame by frame, and says what is wrong with it: files, order, light, camera.

Introduced in lab 5. A clip is a video file or a folder of numbered pictures. One frame is in memory
at a time. What makes a clip useless is an error; what makes it incomplete (frames missing or out of
order, darkness, a camera that was knocked) is collected as problems, so that the rest still counts.
Rests on OpenCV.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from helpers.errors import DataError, explain
from helpers.masks import Image, Mask
from parking.zones import Camera

PICTURES = (".jpg", ".jpeg", ".png")
FPS = 2.0
"""Of folders, which do not say it; Kerbside's clips have as many."""


class ClipError(DataError):
    """A clip cannot be read at all, or does not belong to its camera."""


@dataclass(eq=False)
class Clip:
    """Iterate over it for (index, image): the frame's number and (H, W, 3) uint8 RGB."""

    name: str
    path: Path
    size: tuple[int, int]
    """Height and width in pixels."""
    fps: float
    expected: int
    """Frames that there should be; 0 if nobody knows."""
    problems: list[str] = field(default_factory=list)
    """What made the clip incomplete, as far as it has been read."""

    def __iter__(self) -> Iterator[tuple[int, Image]]:
        return self._pictures() if self.path.is_dir() else self._video()

    def _problem(self, expected: str, found: str, do: str = "") -> None:
        self.problems.append(explain(self.path.name, expected=expected, found=found, do=do))

    def _video(self) -> Iterator[tuple[int, Image]]:
        capture = cv2.VideoCapture(str(self.path))
        index, before = 0, -1.0
        try:
            while True:
                time = capture.get(cv2.CAP_PROP_POS_MSEC)
                read, frame = capture.read()
                if not read:
                    break
                if time < before and index > 1:
                    found = f"frame {index} at {time:.0f} ms after one at {before:.0f} ms"
                    self._problem("frames in order", found)
                before = time
                yield index, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                index += 1
        finally:
            capture.release()
        if self.expected and index < self.expected:
            do = "The file is damaged or was cut short: what follows is not in the report."
            self._problem(f"{self.expected} frames", f"{index} that can be read", do)

    def _pictures(self) -> Iterator[tuple[int, Image]]:
        files = _numbered(self.path)
        first, before = files[0][0], files[0][0] - 1
        for number, file in files:
            if number == before:
                self._problem("each number once", f"two pictures numbered {number}")
                continue
            if number > before + 1:
                missing = f"{before + 1}" + (f" to {number - 1}" if number > before + 2 else "")
                self._problem("every frame", f"none numbered {missing}")
            before = number
            image = _picture(file)
            if image is None or image.shape[:2] != self.size:
                found = "no picture" if image is None else f"{image.shape[1]} x {image.shape[0]}"
                self._problem(
                    f"frames of {self.size[1]} x {self.size[0]} pixels", f"{found} in {file.name}"
                )
                continue
            yield number - first, image


def open_clip(
    path: str | os.PathLike, camera: Camera | None = None, fps: float | None = None
) -> Clip:
    """Opens a clip and reads its first frame.

    Args:
        path: a video file, or a folder of pictures with a number at the end of each name.
        camera: must have pictures of the same size.
        fps: frames a second; needed where the clip does not say it.

    Raises:
        ClipError: no such clip, no frame that can be read, or another size than the camera's.
    """
    path = Path(path)
    name = str(path)
    if not path.exists():
        raise ClipError(explain(name, expected="a video or a folder", found="no such file"))
    if path.is_dir():
        images = [(n, image) for n, f in _numbered(path)[:20] if (image := _picture(f)) is not None]
        if not images:
            raise ClipError(explain(name, expected="pictures", found="none that can be read"))
        size, rate, expected = images[0][1].shape[:2], fps or FPS, len(_numbered(path))
    else:
        size, rate, expected = _probe(path)
        rate = fps or rate
    if not 0 < rate <= 1000:
        do = "Give --fps."
        raise ClipError(explain(name, expected="frames a second", found=str(rate), do=do))
    if camera is not None and tuple(size) != tuple(camera.size):
        do = "The zones would lie elsewhere: take the file of the camera that made this clip."
        expected_size = f"{camera.size[1]} x {camera.size[0]} pixels as camera {camera.name} has"
        found = f"{size[1]} x {size[0]}"
        raise ClipError(explain(name, expected=expected_size, found=found, do=do))
    return Clip(path.stem, path, (int(size[0]), int(size[1])), float(rate), expected)


def _probe(path: Path) -> tuple[tuple[int, int], float, int]:
    """Size, frames a second and number of frames of a video file."""
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            found = f"{path.stat().st_size:,} bytes that are none, or a damaged one"
            raise ClipError(explain(str(path), expected="a video", found=found))
        read, frame = capture.read()
        if not read:
            raise ClipError(explain(str(path), expected="at least one frame", found="none"))
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        expected = int(count) if 0 < count < 1e9 else 0
        return frame.shape[:2], float(capture.get(cv2.CAP_PROP_FPS)), expected
    finally:
        capture.release()


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    """Pictures by the last number in their names: frame_2 comes before frame_10."""
    files = []
    for file in sorted(folder.iterdir()):
        numbers = re.findall(r"\d+", file.stem)
        if file.suffix.lower() in PICTURES and numbers:
            files.append((int(numbers[-1]), file))
    if not files:
        expected = f"pictures ({', '.join(PICTURES)}) with numbers in their names"
        raise ClipError(explain(str(folder), expected=expected, found="none"))
    return sorted(files, key=lambda each: each[0])


def _picture(file: Path) -> Image | None:
    pixels = cv2.imdecode(np.frombuffer(file.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    return None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


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
        """Says how the view has changed, or None.

        Args:
            image: (H, W, 3) uint8 RGB.
            moving: (H, W) bool: pixels of vehicles and people.
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
