"""The size of a JPEG, read from its header without decoding it.

Records hold their pictures as JPEG (lab 3). A reader looks at the size before it decodes, and doing
so in TensorFlow takes a quarter of the time that decoding does. Segments are walked as libjpeg
walks them, so that both find the same frame header. Rests on nothing.

Source of the format: ITU-T T.81, annex B.
"""

from __future__ import annotations

_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length: TEM and the restarts
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # not the tables and an extension among them
_ENDS = {0xD8, 0xD9, 0xDA}  # a second start, the end, pixels: no frame header came before


class DamagedJPEG(ValueError):
    """The bytes have no header of a JPEG."""


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Height and width that a JPEG's frame header claims.

    Raises:
        DamagedJPEG: There is no such header, or it ends early.
    """
    position = 2 if jpeg.startswith(b"\xff\xd8") else len(jpeg)
    while (position := jpeg.find(b"\xff", position)) >= 0:  # libjpeg skips what is no marker
        while jpeg[position : position + 1] == b"\xff":  # any number of them may fill
            position += 1
        marker = int.from_bytes(jpeg[position : position + 1])
        position += 1
        if marker in _ENDS:
            break
        if marker == 0 or marker in _ALONE:
            continue
        if marker in _FRAMES:  # length, bits, height, width
            if position + 7 > len(jpeg):
                break
            height, width = jpeg[position + 3 : position + 5], jpeg[position + 5 : position + 7]
            return int.from_bytes(height), int.from_bytes(width)
        # The length counts its own two bytes; a smaller one is damage that ends nothing here.
        position += max(int.from_bytes(jpeg[position : position + 2]), 2)
    raise DamagedJPEG("no frame header")
