from __future__ import annotations

import cv2
import numpy as np
import pytest

from parking.clips import Alignment, ClipError, blind, open_clip
from tests.parking.made import SIZE, camera, street


def video(path, frames: int, size=SIZE):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 2.0, size[::-1])
    picture = cv2.resize(street(), size[::-1])
    for k in range(frames):
        frame = picture.copy()
        frame[:5, :5] = 6 * k
        writer.write(frame)
    writer.release()
    return path


def folder(path, numbers):
    path.mkdir()
    for number in numbers:
        cv2.imwrite(str(path / f"frame_{number}.png"), street())
    return path


def test_a_video_gives_its_frames_in_order(tmp_path) -> None:
    clip = open_clip(video(tmp_path / "a.mp4", 7), camera())
    read = list(clip)
    assert [index for index, _ in read] == list(range(7))
    assert read[0][1].shape == (*SIZE, 3) and clip.fps == 2 and clip.problems == []


def test_numbers_count_not_the_alphabet(tmp_path) -> None:
    clip = open_clip(folder(tmp_path / "a", [8, 9, 10, 11]))
    assert [index for index, _ in clip] == [0, 1, 2, 3] and not clip.problems


def test_missing_and_doubled_frames_are_told_and_time_goes_on(tmp_path) -> None:
    place = folder(tmp_path / "a", [1, 2, 5, 6])
    (place / "frame_006.png").write_bytes((place / "frame_6.png").read_bytes())
    (place / "frame_7.png").write_bytes(b"no picture")
    clip = open_clip(place, fps=4)
    assert [index for index, _ in clip] == [0, 1, 4, 5] and clip.fps == 4
    told = " ".join(clip.problems)
    assert "none numbered 3 to 4" in told and "two pictures numbered 6" in told
    assert "frame_7.png" in told


def test_a_video_that_was_cut_short_says_how_much_is_missing(tmp_path) -> None:
    whole = video(tmp_path / "a.mp4", 40).read_bytes()
    moov = whole.index(b"moov") - 4
    start = whole.index(b"mdat") - 4
    # The index stands, half of the pictures are overwritten.
    half = (start + moov) // 2
    (tmp_path / "b.mp4").write_bytes(whole[:half] + b"\xff" * (moov - half) + whole[moov:])
    clip = open_clip(tmp_path / "b.mp4")
    count = len(list(clip))
    assert count < 40
    assert "expected 40 frames" in clip.problems[-1] and str(count) in clip.problems[-1]


@pytest.mark.parametrize("content", [b"", b"this is no video at all" * 99])
def test_no_video_is_an_error(tmp_path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(ClipError, match=r"a\.mp4"):
        open_clip(tmp_path / "a.mp4")


def test_zero_frames_are_an_error(tmp_path) -> None:
    with pytest.raises(ClipError):
        open_clip(video(tmp_path / "a.mp4", 0))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ClipError, match="with numbers in their names"):
        open_clip(tmp_path / "empty")
    with pytest.raises(ClipError, match="no such file"):
        open_clip(tmp_path / "nowhere.mp4")


def test_another_size_than_the_cameras_is_an_error(tmp_path) -> None:
    path = video(tmp_path / "a.mp4", 3, (96, 128))
    with pytest.raises(ClipError, match=r"160 x 120 pixels as camera made has, found 128 x 96"):
        open_clip(path, camera())


def test_night_fog_and_day() -> None:
    assert blind(street()) is None
    assert "dark" in blind(np.full((*SIZE, 3), 5, np.uint8))
    assert "nothing to see" in blind(np.full((*SIZE, 3), 130, np.uint8))


def moved(matrix) -> np.ndarray:
    return cv2.warpAffine(street(), matrix, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize(
    "change",
    [
        np.float32([[1, 0, 5], [0, 1, 3]]),
        np.float32([[1, 0, -20], [0, 1, 0]]),
        cv2.getRotationMatrix2D((80, 60), 8, 1.0),
        cv2.getRotationMatrix2D((80, 60), 0, 1.3),
    ],
)
def test_a_knocked_camera_is_noticed(change) -> None:
    nothing = np.zeros(SIZE, bool)
    alignment = Alignment(street())
    assert alignment.problem(street(), nothing) is None
    assert "camera" in alignment.problem(moved(change), nothing)


def test_light_noise_and_traffic_are_no_knock() -> None:
    rng = np.random.default_rng(1)
    alignment = Alignment()
    for k in range(12):
        light = street() * (1.0 - 0.05 * k) + rng.normal(0, 4, (*SIZE, 3))
        image, mask = np.uint8(light.clip(0, 255)), np.zeros(SIZE, bool)
        image[40:90, 10 * k : 10 * k + 40] = (200, 30, 30)
        mask[40:90, 10 * k : 10 * k + 40] = True
        assert alignment.problem(image, mask) is None


def test_another_street_is_noticed() -> None:
    alignment = Alignment(street())
    assert alignment.problem(street(seed=5), np.zeros(SIZE, bool))
