from __future__ import annotations

import os
import sys
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.errors import ArrayError, DataError
from parking.film import Film, encoder
from tests.parking.made import SIZE, encoding, street

COLOURS = ((213, 94, 0), (230, 159, 0), (0, 158, 115), (0, 114, 178))


def stripes(size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: the four colours of the drawings side by side."""
    columns = np.arange(size[1]) * 4 // size[1]
    return np.broadcast_to(np.array(COLOURS, np.uint8)[columns], (*size, 3)).copy()


def frames_of(path: Path) -> tuple[list[np.ndarray], float, str]:
    """Frames in RGB, frames a second and codec of a video."""
    capture = cv2.VideoCapture(str(path))
    fps, code = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FOURCC))
    frames = []
    while (got := capture.read())[0]:
        frames.append(got[1][..., ::-1])
    return frames, fps, code.to_bytes(4, "little").decode()


def boxes_of(content: bytes) -> list[str]:
    """Names of an MP4's outermost boxes, in their order."""
    names, at = [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8].decode())
        at += int.from_bytes(content[at : at + 4], "big")
    assert at == len(content)  # whole
    return names


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a shell script in ffmpeg's place; its last argument is the file to write."""
    if os.name == "nt":
        pytest.skip("needs a shell")

    def install(script: str) -> None:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\nfor last; do :; done\nlast=${{last#file:}}\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))

    return install


@pytest.mark.parametrize("fps", [2.0, 30000 / 1001])
def test_a_film_can_be_played_again(tmp_path, capfd, fps) -> None:
    with Film(tmp_path / "film.mp4", SIZE, fps) as film:
        for k in range(10):
            film.write(np.roll(street(), k, axis=1))
        path = film.close()
        content = path.read_bytes()
    assert path.read_bytes() == content  # it was whole when `close` said so
    frames, found, codec = frames_of(path)
    assert len(frames) == 10 and found == pytest.approx(fps, abs=1e-3) and codec in ("avc1", "h264")
    for k, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - np.roll(street(), k, axis=1)).mean() < 10
    assert capfd.readouterr() == ("", "")


def test_a_browser_can_start_before_it_has_all_of_the_film(tmp_path) -> None:
    with Film(tmp_path / "film.mp4", SIZE, 2.0) as film:
        film.write(street())
    names = boxes_of((tmp_path / "film.mp4").read_bytes())
    assert names[0] == "ftyp" and names.index("moov") < names.index("mdat")


@pytest.mark.parametrize("size", [(120, 160), (121, 161), (120, 161), (121, 160), (720, 1280)])
def test_colours_stay_and_odd_frames_get_a_row_or_column_more(tmp_path, size) -> None:
    with Film(tmp_path / "film.mp4", size, 2.0) as film:
        for _ in range(2):
            film.write(stripes(size))
    (frame, _), _, _ = frames_of(tmp_path / "film.mp4")
    height, width = size
    assert frame.shape == (height + height % 2, width + width % 2, 3)
    for k, colour in enumerate(COLOURS):
        middle = frame[:, (2 * k + 1) * width // 8].astype(int)
        assert np.abs(middle - colour).max() < 8
    assert np.abs(frame[:, -1].astype(int) - COLOURS[-1]).max() < 16  # not a black edge


def test_frames_are_not_kept(tmp_path) -> None:
    with Film(tmp_path / "film.mp4", SIZE, 2.0) as film:
        tracemalloc.start()
        for k in range(200):
            film.write(np.roll(street(), k, axis=1))
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert used < 10 * street().nbytes  # of 200


@pytest.mark.parametrize("frame", [street()[:-1], street().astype(float), street()[..., 0]])
def test_a_frame_of_another_kind_is_refused(tmp_path, frame) -> None:
    with pytest.raises(ArrayError, match="frame: expected uint8"), \
            Film(tmp_path / "film.mp4", SIZE, 2.0) as film:  # fmt: skip
        film.write(frame)
    assert not (tmp_path / "film.mp4").exists()


def test_without_a_frame_there_is_no_film(tmp_path) -> None:
    film = Film(tmp_path / "film.mp4", SIZE, 2.0)
    assert film.close() is None and film.close() is None
    assert not list(tmp_path.iterdir()) and not encoding()


class Stopped(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError, Stopped])
def test_an_error_ends_ffmpeg_and_leaves_no_half_film(tmp_path, error) -> None:
    with pytest.raises(error), Film(tmp_path / "film.mp4", SIZE, 2.0) as film:
        for k in range(100):
            film.write(np.roll(street(), k, axis=1))
        assert len(encoding()) == 1
        raise error
    assert not encoding() and not list(tmp_path.iterdir())
    film.discard()  # a second time does nothing


def test_a_film_that_is_whole_stays(tmp_path) -> None:
    with pytest.raises(ValueError, match="later"), Film(tmp_path / "a.mp4", SIZE, 2.0) as film:
        film.write(street())
        film.close()
        raise ValueError("later")
    assert len(frames_of(tmp_path / "a.mp4")[0]) == 1


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo \"[x @ 0x1] Unknown encoder 'libx264'\" >&2; exit 1", "found Unknown encoder 'lib"),
        ("head -c 70000 > $last; echo No space left >&2; exit 1", "found No space left"),
        ("cat > $last; echo Killed on the way >&2; exit 3", "found Killed on the way"),
        ("cat > $last; exit 3", "found exit status 3"),
        ("cat > $last; kill -9 $$", "found exit status -9"),
    ],
)
def test_an_ffmpeg_that_gives_up_is_told_and_its_film_removed(
    tmp_path, program, capfd, script, says
) -> None:
    program(script)
    with pytest.raises(DataError, match=r"film\.mp4: expected an ffmpeg that works") as raised:
        film = Film(tmp_path / "film.mp4", SIZE, 2.0)
        for _ in range(20):
            film.write(street())
        film.close()
    assert says in str(raised.value) and "--no-video" in str(raised.value)
    assert not (tmp_path / "film.mp4").exists() and not encoding()
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_is_not_there_is_told(tmp_path) -> None:
    with pytest.raises(DataError, match="No such file"), \
            Film(tmp_path / "nowhere" / "film.mp4", SIZE, 2.0) as film:  # fmt: skip
        for _ in range(20):
            film.write(street())


def test_without_ffmpeg_the_error_says_what_to_do(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"none at .*nowhere\. Run `pip install imageio-ffmpeg`"):
        Film(tmp_path / "film.mp4", SIZE, 2.0)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)  # as if it were not installed
    with pytest.raises(DataError, match=r"found none\. Run `pip install imageio-ffmpeg`"):
        encoder()
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_program_is_told(tmp_path, monkeypatch) -> None:
    path = tmp_path / "ffmpeg"
    path.write_bytes(b"\x7fELF, it says")
    path.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))
    with pytest.raises(DataError, match="ffmpeg: expected a program ffmpeg"):
        Film(tmp_path / "film.mp4", SIZE, 2.0)
