"""Masks as PNG files of one bit a pixel, written and read quickly.

Detection records hold one PNG for each object (lab 3), so a photo of a street has twenty, and
decoding them takes longer than decoding the photo. `encode_mask` writes the form that is cheapest
to read: one bit a pixel, no filter. Its palette has two colours, black and (1, 1, 1), so that every
decoder that is asked for grey gives 0 and 1, the numbers that TFOD2 and Model Garden expect; plain
one-bit grey would come out as 0 and 255. `decode_mask` reads that form and, with OpenCV, the one
that TFOD2's own scripts write, eight bits of grey; it leaves all other PNGs to a complete decoder.
Rests on zlib, NumPy and OpenCV.

Source of the format: Portable Network Graphics (PNG) Specification, W3C, sections 4 to 11.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_FORM = bytes((1, 3, 0, 0, 0))  # one bit, palette; the only compression, filters, no interlacing
_GREY = bytes((8, 0, 0, 0, 0))  # eight bits, grey; no interlacing
_COLOURS = bytes((0, 0, 0, 1, 1, 1))
_LEVEL = 6  # of zlib; 9 is three times slower here and saves a twentieth


class DamagedPNG(ValueError):
    """The bytes are no complete PNG."""


def encode_mask(mask: np.ndarray) -> bytes:
    """A mask (H, W) bool as a PNG: one bit a pixel, palette (0, 0, 0) and (1, 1, 1)."""
    height, width = mask.shape
    rows = np.zeros((height, 1 + (width + 7) // 8), np.uint8)  # column 0: filter type 0, none
    rows[:, 1:] = np.packbits(mask, axis=1)
    header = struct.pack(">II", width, height) + _FORM
    return b"".join(
        (
            SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", _COLOURS),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)),
            _chunk(b"IEND", b""),
        )
    )


def decode_mask(png: bytes) -> np.ndarray | None:
    """A PNG of one bit as `encode_mask` writes it, or of 8-bit grey -> mask (H, W) bool, else None.

    Every number but 0 is part of the mask.

    It takes no more memory than the header's size asks for: check `png_size` first.

    Raises:
        DamagedPNG: Truncated, a checksum is wrong, or the pixels are fewer or more than announced.
    """
    height, width = png_size(png)
    if not width or not height:
        return None
    if png[24:29] == _GREY:
        return _decode_grey(png)
    if png[24:29] != _FORM:
        return None
    chunks = _chunks(png)
    row = 1 + (width + 7) // 8
    stream = zlib.decompressobj()
    try:
        # One byte more than there may be, so that a longer stream is noticed and not followed.
        pixels = stream.decompress(chunks.get(b"IDAT", b""), height * row + 1)
    except zlib.error as error:
        raise DamagedPNG(f"compressed data: {error}") from error
    if len(pixels) != height * row or not stream.eof:
        raise DamagedPNG(f"{height * row} bytes of pixels expected, {len(pixels)} found")
    rows = np.frombuffer(pixels, np.uint8).reshape(height, row)
    if rows[:, 0].any() or chunks.get(b"PLTE") != _COLOURS:
        return None
    return np.unpackbits(rows[:, 1:], axis=1, count=width).view(bool)


def _decode_grey(png: bytes) -> np.ndarray | None:
    """OpenCV takes half of the time that TensorFlow does; what it cannot read is None."""
    import cv2

    _chunks(png)  # OpenCV writes to stderr about a PNG that ends early
    grey = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return grey > 0 if grey is not None and grey.shape == png_size(png) else None


def png_size(png: bytes) -> tuple[int, int]:
    """Height and width that a PNG's header claims.

    Raises:
        DamagedPNG: There is no header.
    """
    if not png.startswith(SIGNATURE + b"\0\0\0\rIHDR") or len(png) < 33:
        raise DamagedPNG("no header")
    width, height = struct.unpack_from(">II", png, 16)
    return height, width


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return _CHUNK.pack(len(content), name) + content + struct.pack(">I", checksum)


def _chunks(png: bytes) -> dict[bytes, bytes]:
    """The chunks of a PNG by name, those of one name joined, every checksum compared."""
    png_size(png)
    found: dict[bytes, list[bytes]] = {}
    position = len(SIGNATURE)
    name = b""
    while name != b"IEND":
        if position + 12 > len(png):
            raise DamagedPNG("it ends early")
        length, name = _CHUNK.unpack_from(png, position)
        start, stop = position + 8, position + 8 + length
        if stop + 4 > len(png):
            raise DamagedPNG(f"chunk {name!r} ends early")
        if zlib.crc32(memoryview(png)[position + 4 : stop]) != int.from_bytes(png[stop : stop + 4]):
            raise DamagedPNG(f"chunk {name!r} has another checksum")
        found.setdefault(name, []).append(png[start:stop])
        position = stop + 4
    return {name: b"".join(parts) for name, parts in found.items()}
