from __future__ import annotations

import math
import subprocess

import cv2
import imageio.v2 as imageio
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
    assert [index for index, _, _ in read] == list(range(7))
    assert [seconds for _, seconds, _ in read] == [k / 2 for k in range(7)]
    assert read[0][2].shape == (*SIZE, 3) and clip.frame_seconds == 0.5 and clip.problems == []


def test_numbers_count_not_the_alphabet(tmp_path) -> None:
    clip = open_clip(folder(tmp_path / "a", [8, 9, 10, 11]), fps=2)
    assert [index for index, _, _ in clip] == [0, 1, 2, 3] and not clip.problems


def test_missing_and_doubled_frames_are_told_and_time_goes_on(tmp_path) -> None:
    place = folder(tmp_path / "a", [1, 2, 5, 6])
    (place / "frame_006.png").write_bytes((place / "frame_6.png").read_bytes())
    (place / "frame_7.png").write_bytes(b"no picture")
    clip = open_clip(place, fps=4)
    assert [row[:2] for row in clip] == [(0, 0.0), (1, 0.25), (4, 1.0), (5, 1.25)]
    told = " ".join(clip.problems)
    assert "none numbered 3 to 4" in told and "two pictures numbered 6" in told
    assert "frame_7.png" in told


def uneven(path, seconds):
    """A film whose frames have these times, as phones and motion-triggered cameras write it."""
    import imageio_ffmpeg

    with imageio.get_writer(path.with_suffix(".avi"), fps=2, macro_block_size=1) as writer:
        for _ in seconds:
            writer.append_data(street())
    # Of the frame's number N: a sum of ifs, one for each time.
    times = "+".join(f"eq(N\\,{k})*{at}" for k, at in enumerate(seconds))
    timed = [
        "-vf",
        f"settb=1/1000,setpts=({times})/TB",
        "-fps_mode",
        "vfr",
        "-enc_time_base",
        "1:1000",
    ]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i",
               str(path.with_suffix(".avi")), *timed, "-video_track_timescale", "1000",
               str(path)]  # fmt: skip
    subprocess.run(command, check=True)
    return path


def test_the_files_own_times_count_and_not_its_mean_rate(tmp_path) -> None:
    times = [0.0, 0.5, 1.0, 1.5, 6.5, 11.5, 16.5]
    clip = open_clip(uneven(tmp_path / "a.mp4", times), camera())
    assert [round(seconds, 2) for _, seconds, _ in clip] == times
    assert round(clip.frame_seconds, 2) == 0.5 and "own times" in clip.timed_by
    given = open_clip(tmp_path / "a.mp4", camera(), fps=1)
    assert [seconds for _, seconds, _ in given] == [*range(7)]
    assert "although the file says" in given.timed_by


def test_a_film_without_times_asks_for_them(tmp_path) -> None:
    with imageio.get_writer(tmp_path / "a.mp4", fps=2, macro_block_size=1) as writer:
        for _ in range(6):
            writer.append_data(street())
    import imageio_ffmpeg

    raw = tmp_path / "a.h264"
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i",
                    str(tmp_path / "a.mp4"), "-c", "copy", "-bsf:v", "h264_mp4toannexb", str(raw)],
                   check=True)  # fmt: skip
    with pytest.raises(ClipError, match=r"a time for every frame, found none\. Give --fps"):
        open_clip(raw)
    assert [seconds for _, seconds, _ in open_clip(raw, fps=2)] == [k / 2 for k in range(6)]


@pytest.mark.parametrize("fps", [0, -3, math.nan, math.inf])
def test_frames_a_second_are_a_number_above_zero(tmp_path, fps) -> None:
    with pytest.raises(ClipError, match="above 0"):
        open_clip(folder(tmp_path / "a", [1, 2]), fps=fps)


def named(path, names):
    path.mkdir()
    for name in names:
        cv2.imwrite(str(path / name), street())
    return path


CLOCKS = [
    ["20230501_103058.jpg", "20230501_103059.jpg", "20230501_103100.jpg", "20230501_103101.jpg"],
    ["cam3_T10-30-58.jpg", "cam3_T10-30-59.jpg", "cam3_T10-31-00.jpg", "cam3_T10-31-01.jpg"],
    ["103058.jpg", "103059.jpg", "103100.jpg", "103101.jpg"],
    [f"{1_700_000_000 + k}.png" for k in range(4)],
    [f"{1_700_000_000_000 + 1000 * k}.png" for k in range(4)],
    ["2023-05-01 10.30.58.500.png", "2023-05-01 10.30.59.500.png", "2023-05-01 10.31.00.500.png",
     "2023-05-01 10.31.01.500.png"],
]  # fmt: skip


@pytest.mark.parametrize("names", CLOCKS)
def test_names_that_tell_the_time_are_read_as_times(tmp_path, names) -> None:
    clip = open_clip(named(tmp_path / "a", names))
    assert [row[:2] for row in clip] == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]
    assert "names" in clip.timed_by and not clip.problems


def test_midnight_and_gaps_between_times_are_times_too(tmp_path) -> None:
    names = ["20230501_235958.jpg", "20230502_000000.jpg", "20230502_000005.jpg"]
    assert [row[1] for row in open_clip(named(tmp_path / "a", names))] == [0, 2, 7]


NUMBERS = [
    [f"{k:06d}.jpg" for k in range(58, 64)],  # 000059 and 000060 are no times
    [f"{k:04d}-cam3.jpg" for k in range(6)],
    [f"{k:04d}_320x240.jpg" for k in range(6)],
    [f"20230501_{k}.jpg" for k in range(8, 14)],
]


@pytest.mark.parametrize("names", NUMBERS)
def test_the_number_that_changes_counts(tmp_path, names) -> None:
    clip = open_clip(named(tmp_path / "a", names), fps=2)
    assert [row[:2] for row in clip] == [(k, k / 2) for k in range(6)] and not clip.problems


@pytest.mark.parametrize(
    ("names", "fps", "says"),
    [
        (["1.jpg", "2.jpg", "3.jpg"], None, "Give --fps"),
        (["103001.jpg", "103002.jpg", "103003.jpg"], None, "Give --fps"),  # numbers or times?
        ([f"f{k}.jpg" for k in (0, 40, 95, 310)], 2, "numbers in turn"),
        ([f"f{k}.jpg" for k in (0, 5, 10, 15)], 2, "numbers in turn"),
        (["1.jpg", "2.jpg", "house.jpg"], 2, "names alike"),
        (["a1_b7.jpg", "a2_b9.jpg", "a3_b8.jpg"], 2, "one number that changes"),
        (["20230501_103059.jpg", "20230501_103100.jpg"], 25, "Leave --fps out"),
        (["20230501_103059_1.jpg", "20230501_103059_2.jpg"], None, "a time each"),
        (["house.jpg", "tree.jpg"], 2, "names alike"),
    ],
)
def test_names_that_could_mean_anything_are_refused(tmp_path, names, fps, says) -> None:
    with pytest.raises(ClipError, match=says):
        open_clip(named(tmp_path / "a", names), fps=fps)


def test_what_is_passed_over_in_a_folder_is_told_unless_it_is_hidden(tmp_path) -> None:
    place = folder(tmp_path / "a", [1, 2, 3])
    (place / "._frame_1.png").write_bytes(b"macOS")
    cv2.imwrite(str(place / "frame_4.bmp"), street())
    folder(place / "more", [1, 2])
    (place / "frame_5.heic").write_bytes(b"picture")
    clip = open_clip(place, fps=2)
    assert len(list(clip)) == 4
    told = " ".join(clip.problems)
    assert "2 pictures in the folder more" in told and "frame_5.heic" in told
    assert "._frame" not in told


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
        open_clip(tmp_path / "empty", fps=2)
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
