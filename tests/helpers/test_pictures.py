"""One function opens every picture: upright, 8 bits, three channels, complete or refused."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps

from helpers import pictures
from helpers.errors import DataError
from tools.records.finding import header

MARKED = np.zeros((40, 60, 3), np.uint8)
MARKED[5:15, 10:30] = 255
"""A landscape with a white bar near its upper left corner."""


def save(path, pixels, orientation=1, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, exif=exif.tobytes(), **options)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright_as_every_viewer_shows_it(tmp_path, suffix, orientation):
    options = {"quality": 95} if suffix == ".jpg" else {}
    options |= {"lossless": True} if suffix == ".webp" else {}
    path = save(tmp_path / f"a{suffix}", MARKED, orientation, **options)
    lines: list[str] = []
    found = pictures.read(path, report=lines.append)
    with Image.open(path) as picture:
        shown = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    np.testing.assert_array_equal(found, shown)
    expected = pictures.upright(MARKED, orientation)
    assert np.abs(found.astype(int) - expected).mean() < 3
    if suffix != ".tif":
        assert [f"EXIF orientation {orientation}" in line for line in lines] == [True] * (
            orientation > 1
        )
    assert header(path) == ((40, 60), orientation)


def test_an_orientation_that_is_none_is_passed_over(tmp_path):
    for wrong in (0, 9, 77):
        path = save(tmp_path / "a.png", MARKED, wrong)
        np.testing.assert_array_equal(pictures.read(path), MARKED)


def test_of_sixteen_bits_the_upper_eight_are_kept(tmp_path):
    ramp = (np.arange(40 * 60).reshape(40, 60) * 27).astype(np.uint16)
    for suffix in (".png", ".tif"):
        Image.fromarray(ramp).save(tmp_path / f"a{suffix}")
        found = pictures.read(tmp_path / f"a{suffix}")
        np.testing.assert_array_equal(found[..., 1], ramp >> 8)
    lines: list[str] = []
    Image.fromarray(ramp % 4096).save(tmp_path / "dark.png")
    pictures.read(tmp_path / "dark.png", report=lines.append)
    assert "nearly black" in lines[0]


def test_floats_are_refused(tmp_path):
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="a picture of 8 or 16 bits, found mode F"):
        pictures.read(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    suffix = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    picture = Image.fromarray(MARKED).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    picture.save(tmp_path / f"a.{suffix}", **({"quality": 95} if suffix == "jpg" else {}))
    found = pictures.read(tmp_path / f"a.{suffix}")
    assert (found.shape, found.dtype) == (MARKED.shape, np.uint8)
    assert np.abs(found.astype(int) - MARKED).mean() < 5


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".bmp", ".tif"])
def test_a_cut_file_is_refused_and_never_filled_with_grey(tmp_path, suffix, rng):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(path)
    whole = path.read_bytes()
    for share in (0.3, 0.5, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=f"a{suffix}: expected a complete picture"):
            pictures.read(path)


def test_a_jpeg_whose_end_is_zeros_is_refused(tmp_path, rng):
    path = tmp_path / "a.jpg"
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    with pytest.raises(DataError, match="a file that ends early"):
        pictures.read(path)
    path.write_bytes(whole + bytes(200))  # zeros behind the end do no harm
    assert pictures.read(path).shape == (60, 80, 3)


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"quality": 95}])
def test_a_jpeg_whose_data_end_before_its_pixels_is_refused(tmp_path, rng, options):
    """Somebody appended an end to what was cut: decoders fill the rest with grey, in silence."""
    path = tmp_path / "a.jpg"
    noise = rng.integers(0, 256, (60, 80, 3), np.uint8)
    for pixels in (noise, noise[..., 0]):
        Image.fromarray(pixels).save(path, **options)
        whole = path.read_bytes()
        start = whole.index(b"\xff\xda") + 20
        assert pictures.read(path).shape[:2] == pixels.shape[:2]
        for share in (0.2, 0.5, 0.9):
            path.write_bytes(whole[: start + int(share * (len(whole) - start))] + b"\xff\xd9")
            with pytest.raises(DataError, match="a file that ends early"):
                pictures.read(path)


def test_a_flat_grey_picture_is_whole(tmp_path):
    for options in ({}, {"optimize": True}, {"progressive": True}, {"quality": 1}):
        Image.new("RGB", (200, 100), (128, 128, 128)).save(tmp_path / "a.jpg", **options)
        assert (pictures.read(tmp_path / "a.jpg") == 128).all()
        with Image.open(tmp_path / "a.jpg") as picture:  # behind a coloured part as well
            picture.paste((200, 30, 30), (0, 0, 200, 48))
            picture.save(tmp_path / "a.jpg", **options)
        assert (pictures.read(tmp_path / "a.jpg")[64:] == 128).all()


def test_a_png_with_a_wrong_checksum_is_refused(tmp_path, rng):
    path = tmp_path / "a.png"
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(path)
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png: expected a complete picture"):
        pictures.read(path)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_of_several_pictures_the_first_is_taken_and_that_is_said(tmp_path, suffix):
    more = {"save_all": True, "append_images": [Image.fromarray(255 - MARKED)]}
    more |= {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(MARKED).save(tmp_path / f"a{suffix}", **more)
    lines: list[str] = []
    found = pictures.read(tmp_path / f"a{suffix}", report=lines.append)
    np.testing.assert_array_equal(found, MARKED)
    assert [line.partition("a" + suffix)[2] for line in lines] == [
        ": the first of 2 pictures, the others are left out"
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "other bytes"),
        (b"<html>", "other bytes"),
        (b"version https://git-lfs.github.com/spec/v1\n", "other bytes"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "a HEIC photo. Save it as JPEG or PNG"),
        (b"\0\0\0\x18ftyphevc" + bytes(40), "a HEIC photo. Save it as JPEG or PNG"),
        (b"\0\0\0\x18ftypmsf1" + bytes(40), "a HEIC photo. Save it as JPEG or PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40) + b"IEND\xaeB`\x82", "a damaged header"),
    ],
)
def test_other_files_are_named(tmp_path, content, words):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.jpg: .*{words}"):
        pictures.read(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="a complete picture, found a directory"):
        pictures.read(tmp_path)


@pytest.mark.parametrize("preview", [False, True])
def test_the_preview_in_a_cameras_raw_file_is_not_the_photo(tmp_path, preview, rng):
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
    small.save(tmp_path / "a.dng", "TIFF", tiffinfo={254: int(preview)})
    if preview:
        with pytest.raises(DataError, match=r"raw file\. Save it as JPEG or PNG"):
            pictures.read(tmp_path / "a.dng")
    else:
        assert pictures.read(tmp_path / "a.dng").shape == (12, 16, 3)


def test_a_film_behind_a_phones_photo_may_end_in_zeros(tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(tmp_path / "a.jpg")
    film = b"\0\0\0\x18ftypmp42" + bytes(100)
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes() + film)
    assert (pictures.read(tmp_path / "b.jpg") == pictures.read(tmp_path / "a.jpg")).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_large_picture_is_made_smaller_and_that_is_said(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", Image.new("RGB", (1200, 800), (10, 200, 30)), 6)
    lines: list[str] = []
    found = pictures.read(path, max_pixels=60_000, report=lines.append)
    assert found.shape[0] * found.shape[1] <= 60_000
    assert found.shape[0] / found.shape[1] == pytest.approx(1.5, abs=0.02)
    assert np.abs(found.reshape(-1, 3).mean(axis=0) - (10, 200, 30)).max() < 3
    assert "1200x800 pixels, made smaller" in lines[0]
    assert pictures.read(path, max_pixels=10**9, report=None).shape == (1200, 800, 3)


def test_the_200_million_pixels_of_a_phone_are_no_attack(tmp_path):
    """The header of such a JPEG, which Pillow by itself refuses; its pixels are not decoded."""
    content = bytearray(save(tmp_path / "a.jpg", Image.new("RGB", (120, 80))).read_bytes())
    start = content.index(b"\xff\xc0") + 5
    content[start : start + 4] = (12240).to_bytes(2, "big") + (16320).to_bytes(2, "big")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pictures.opened(bytes(content)) as (picture, _):
            assert picture.size == (16320, 12240)


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path / "street.png", MARKED)
    np.testing.assert_array_equal(pictures.read("~/street.png"), MARKED)


def test_an_error_of_the_caller_is_no_damaged_picture(tmp_path):
    def report(line: str) -> None:
        raise ValueError("the caller's own")

    path = save(tmp_path / "a.jpg", Image.new("RGB", (120, 80)), 6)
    with pytest.raises(ValueError, match="caller's own"):
        pictures.read(path, report=report)


def test_numbers_of_a_palette_are_not_its_colours(tmp_path):
    numbers = np.arange(12, dtype=np.uint8).reshape(3, 4)
    picture = Image.fromarray(numbers)
    picture.putpalette([200, 0, 0] * 256)
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(pictures.read_numbers(tmp_path / "a.png"), numbers)
    for wrong in (np.zeros((3, 4, 3), np.uint8), np.zeros((3, 4), np.uint16)):
        Image.fromarray(wrong).save(tmp_path / "b.png")
        with pytest.raises(DataError, match="8-bit numbers, grey or with a palette, found mode"):
            pictures.read_numbers(tmp_path / "b.png")


def test_the_content_of_a_file_may_be_given(rng):
    stream = io.BytesIO()
    pixels = rng.integers(0, 256, (5, 7, 3), np.uint8)
    Image.fromarray(pixels).save(stream, "png")
    np.testing.assert_array_equal(pictures.read(stream.getvalue()), pixels)
    with pytest.raises(DataError, match="picture: expected a complete picture"):
        pictures.read(stream.getvalue()[:60])
