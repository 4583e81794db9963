"""Pictures as the world has them: every one is opened here, for whatever purpose.

A phone stores a photo as its sensor lay and notes in the EXIF data how to turn it, a scanner stores
16 bits, a download ends early. Where one reader turns and the next does not, masks lie beside their
objects. So labs, converters, scores and the case study all open pictures here: upright, 8 bits,
three channels, complete or refused.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
# Suffixes of pictures that cannot be read, which a search of a folder reports.
UNREAD = (".gif", ".heic", ".heif", ".avif", ".jp2", ".dng", ".raw", ".jxl")
Size = tuple[int, int]  # height and width
MAX_PIXELS = 1 << 25  # of a picture in a record: a few damaged bytes may claim any size
Image.MAX_IMAGE_PIXELS = 1 << 28  # of any; Pillow's own limit is below the 200 million of phones
SHOWN = 4096  # a 16-bit picture that ends below it shows next to nothing: 12 bits, not scaled
# EXIF orientation: whether rows become columns, after steps of -1 have reversed y or x.
TURNS = {
    k: (k > 4, -1 if k in (3, 4, 6, 7) else 1, -1 if k in (2, 3, 7, 8) else 1) for k in range(1, 9)
}


def read(
    source: str | Path | bytes,
    *,
    max_pixels: int | None = None,
    report: Callable[[str], object] | None = print,
) -> np.ndarray:
    """The picture in a file of any usual format, upright, as (H, W, 3) uint8 RGB.

    Grey, palette and CMYK become RGB, transparency is dropped, of 16 bits the upper 8 are kept.

    Args:
        source: Path or content of the file.
        max_pixels: Limit of H times W, above which the picture is made smaller; by default none.
        report: Called with a line when the picture was turned, made smaller, is nearly black or
            the first of several.

    >>> read("missing.jpg")
    Traceback (most recent call last):
    helpers.errors.DataError: missing.jpg: expected a complete picture, found no such file.
    """
    name, notes = "picture" if isinstance(source, bytes) else str(source), []
    with opened(source) as (picture, content):
        width, height = picture.size
        if picture.format != "MPO" and (frames := getattr(picture, "n_frames", 1)) > 1:
            notes.append(f"{name}: the first of {frames} pictures, the others are left out")
        factor = min(1.0, math.sqrt((max_pixels or math.inf) / (width * height)))
        smaller = max(1, int(width * factor)), max(1, int(height * factor))
        if factor < 1:
            picture.draft("RGB", smaller)  # decodes a JPEG at half its size where that is enough
        load(picture, content)
        orientation = orientation_of(picture)  # Pillow turns TIFFs while it loads them
        if picture.mode == "F" or picture.mode.startswith("I"):
            numbers = np.asarray(picture)
            if picture.mode == "F" or not 0 <= numbers.min() <= (high := numbers.max()) <= 65535:
                found = f"mode {picture.mode} from {numbers.min()} to {numbers.max()}"
                raise DataError(name, expected="a picture of 8 or 16 bits", found=found)
            if high < SHOWN:
                notes.append(f"{name}: nearly black, its 16-bit numbers end at {high} of 65535")
            picture = Image.fromarray((numbers >> 8).astype(np.uint8))
        picture = picture.convert("RGB")
        if factor < 1:
            picture = picture.resize(smaller, reducing_gap=3.0)
            size = "{}x{}".format(*smaller)
            notes.append(f"{name}: {width}x{height} pixels, made smaller: {size}")
        if orientation != 1:
            notes.append(f"{name}: turned upright, as its EXIF orientation {orientation} says")
    for note in notes if report else ():
        report(note)
    return upright(np.array(picture), orientation)


def read_numbers(path: str | Path) -> np.ndarray:
    """Numbers (H, W) uint8 of an index mask, not colours of its palette; `DataError` if no PNG."""
    with opened(path, ("PNG",)) as (picture, content):
        picture.load()
    if picture.mode not in ("P", "L"):
        expected = "a PNG of 8-bit numbers, grey or with a palette"
        raise DataError(str(path), expected=expected, found=f"mode {picture.mode}")
    # Grey of 2 or 4 bits, to which programs shrink small numbers, Pillow stretches to 0 to 255.
    bits = content[24] if picture.mode == "L" else 8
    return np.array(picture) // (255 // (2**bits - 1))


@contextmanager
def opened(
    source: str | Path | bytes, formats: tuple[str, ...] | None = None
) -> Iterator[tuple[Image.Image, bytes]]:
    """Pillow's picture and the file's bytes, for a block that decodes it and does nothing else:
    what decoders raise in the block becomes a `DataError`."""
    name = "picture" if isinstance(source, bytes) else str(source)
    expected = f"a complete {' or '.join(formats or ('picture',))}"
    try:
        content = source if isinstance(source, bytes) else Path(source).expanduser().read_bytes()
        # A broken download may leave zeros at the end, which a JPEG decoder makes grey.
        zeros = content.startswith(b"\xff\xd8") and content.endswith(bytes(64))
        zeros &= b"ftyp" not in content  # a phone's film behind the photo may end so, too
        cut = content.startswith(b"\x89PNG") and b"IEND\xaeB`\x82" not in content
        if cut or (zeros and not content.rstrip(b"\0").endswith(b"\xff\xd9")):
            raise EOFError("truncated")
        with Image.open(io.BytesIO(content), formats=formats) as picture:
            if picture.format == "PNG":  # decoding skips the checksums
                Image.open(io.BytesIO(content), formats=("PNG",)).verify()
            if picture.format == "TIFF" and picture.tag_v2.get(254, 0) & 1:
                found, do = "the preview in a camera's raw file", "Save it as JPEG or PNG."
                raise DataError(name, expected=expected, found=found, do=do)
            yield picture, content
    except DataError:
        raise
    # Pillow's decoders raise all of these for damaged files.
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        found, do = f"damaged bytes ({error})", ""
        if isinstance(error, OSError) and error.errno:  # no such file, is a directory
            found = error.strerror.lower().removesuffix(" or directory").removeprefix("is ")
        elif "cannot identify" in str(error):
            found, do = "other bytes", f"Save it as {' or '.join(formats or ('JPEG', 'PNG'))}."
            if content[4:11] in (b"ftyphei", b"ftyphev", b"ftypmif", b"ftypmsf"):
                found = "a HEIC photo"
            elif content.startswith((b"\x89PNG", b"\xff\xd8\xff")):
                found, do = "a damaged header", ""
        elif "truncated" in str(error).lower():
            found = "a file that ends early: truncated"
        raise DataError(name, expected=expected, found=found, do=do) from error


def load(picture: Image.Image, content: bytes) -> None:
    """Decode Pillow's picture; a JPEG whose data end before its pixels do is refused.

    Decoders fill the rest with grey, in silence. If appended data change pixels, some were missing.
    """
    picture.load()
    last = picture.getpixel((picture.width - 1, picture.height - 1))
    if picture.format == "JPEG" and {*np.ravel(last)} == {128}:
        end = content.rfind(b"\xff\xd9")
        with Image.open(io.BytesIO(content[:end] + bytes(range(1, 255)) + content[end:])) as longer:
            longer.draft(picture.mode, picture.size)
            if longer.tobytes() != picture.tobytes():
                raise EOFError("truncated")


def orientation_of(picture: Image.Image) -> int:
    """EXIF orientation of Pillow's picture, 1 to 8; 1 where the file has none."""
    try:
        value = picture.getexif().get(0x0112, 1)
        return value if value in TURNS else 1
    except Exception:  # damaged EXIF data beside a sound picture, in many ways
        return 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels (H, W) or (H, W, C), turned as an EXIF orientation says.

    >>> upright(np.array([[1, 2, 3], [4, 5, 6]]), 6).tolist()
    [[4, 1], [5, 2], [6, 3]]
    """
    if orientation == 1:
        return pixels
    swap, y, x = TURNS[orientation]
    pixels = pixels[::y, ::x]
    return np.ascontiguousarray(pixels.swapaxes(0, 1) if swap else pixels)
