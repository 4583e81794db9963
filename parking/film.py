"""Writes a film that any browser plays: H.264 in an MP4 file.

Introduced in lab 5. OpenCV's wheels have no encoder for H.264, so the frames go through a pipe to
ffmpeg, a program of its own, as fast as it takes them; none is kept here. At the end the file's
table of contents is moved to its front, so that a browser can start before it has all of the film.
Rests on imageio-ffmpeg, which brings the program.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np

from helpers.errors import ArrayError, DataError, explain
from helpers.masks import Image

ENCODING = (
    # yuv420p is the only layout of pixels that all browsers decode. Its colours are those of
    # standard definition, and the file says so: players guess otherwise where frames are large.
    "-vf", "scale=out_color_matrix=smpte170m:out_range=tv,format=yuv420p,"
    "setparams=colorspace=smpte170m:color_primaries=bt709:color_trc=bt709:range=tv",
    # One thread: detection needs the cores. At 320 x 240 a frame takes 2 ms.
    "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1",
    "-movflags", "+faststart", "-f", "mp4",
)  # fmt: skip
"""What ffmpeg is asked for, after its input."""


def encoder() -> str:
    """Path of the ffmpeg program.

    The environment variable IMAGEIO_FFMPEG_EXE names another one than that of imageio-ffmpeg.

    Raises:
        DataError: there is none.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        name = get_ffmpeg_exe()
    except (ImportError, RuntimeError):  # not installed; installed without a program
        name = None
    program = name and shutil.which(name)
    if not program:
        do = "Run `pip install imageio-ffmpeg`, or leave the film out (--no-video, video=False)."
        found = f"none at {name}" if name else "none"
        raise DataError(explain("film", expected="a program ffmpeg", found=found, do=do))
    return program


class Film:
    """Writes frames to an MP4 file; a context manager that leaves a whole file or none.

    Args:
        path: file to write; an older one is replaced.
        size: height and width of the frames in pixels. A film has even ones: an odd frame gets its
            last row or column twice.
        fps: frames a second, above 0.

    Raises:
        DataError: there is no ffmpeg.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        self.path, self.size, self.frames = Path(path), tuple(size), 0
        height, width = (side + side % 2 for side in size)
        command = [
            encoder(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y",
            "-filter_threads", "1", "-f", "rawvideo", "-pix_fmt", "rgb24",
            "-video_size", f"{width}x{height}",
            "-framerate", str(Fraction(fps).limit_denominator(1_000_000)),
            "-i", "pipe:0", *ENCODING, f"file:{self.path}",
        ]  # fmt: skip
        # To a file, since a pipe that nobody reads would fill up.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the film
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said
            )
        except OSError as error:  # not a program of this machine
            self._said.close()
            raise DataError(
                explain(command[0], expected="a program ffmpeg", found=str(error))
            ) from error

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, image: Image) -> None:
        """Adds a frame, (H, W, 3) uint8 RGB.

        Raises:
            ArrayError: the frame has another shape or dtype.
            DataError: ffmpeg gave up; the film is gone.
        """
        if image.shape != (*self.size, 3) or image.dtype != np.uint8:
            expected = f"uint8 of shape {(*self.size, 3)}"
            raise ArrayError(
                explain("frame", expected=expected, found=f"{image.dtype} of shape {image.shape}")
            )
        height, width = self.size
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        try:
            self._process.stdin.write(np.ascontiguousarray(image).data)
        except OSError as error:
            raise self._failure() from error
        self.frames += 1

    def close(self) -> Path | None:
        """Waits until the file is whole and says where it is; without a frame there is none.

        Raises:
            DataError: ffmpeg gave up; the film is gone.
        """
        if self._said.closed:
            return self.path if self.path.exists() else None
        if not self.frames:
            self.discard()
            return None
        try:
            self._process.stdin.close()
        except OSError as error:
            raise self._failure() from error
        if self._process.wait():
            raise self._failure()
        self._said.close()
        return self.path

    def discard(self) -> None:
        """Ends ffmpeg at once and removes the file, unless the film is whole."""
        if self._said.closed:
            return
        self._process.kill()
        self._process.wait()
        with suppress(OSError):  # of a last frame that nobody reads any more
            self._process.stdin.close()
        self._said.close()
        self.path.unlink(missing_ok=True)

    def _failure(self) -> DataError:
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            code = "that does not come"
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip().splitlines()
        self.discard()
        found = re.sub(r"^\[.*?\] ", "", said[0]) if said else f"exit status {code}"
        do = "If nothing helps, leave the film out (--no-video, video=False)."
        return DataError(
            explain(str(self.path), expected="an ffmpeg that works", found=found, do=do)
        )
