"""The size of a JPEG, read from its header without decoding it.

Records hold their pictures as JPEG (lab 3). A reader looks at the size before it decodes, and doing
so in TensorFlow takes a quarter of the time that decoding does. Segments are walked as libjpeg
walks them, so that both find the same frame header. Rests on the standard library.

Source of the format: ITU-T T.81, annex B.
"""

from __future__ import annotations

import re

# What begins a segment: not a fill byte (FF), a stuffed zero, TEM (01) or a restart (D0 to D7), nor
# anything between segments; libjpeg passes over all of them.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # two kinds of tables and an extension
_ENDS = {0xD8, 0xD9, 0xDA}  # another start, the end, pixels: no frame header came before
_MOST_SEGMENTS = 10_000  # a camera writes twenty; more are there to keep the reader busy


class DamagedJPEG(ValueError):
    """The bytes have no header of a JPEG."""


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Height and width that a JPEG's frame header claims.

    Raises:
        DamagedJPEG: There is no such header, or it ends early.
    """
    position = 2 if jpeg.startswith(b"\xff\xd8") else len(jpeg)
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(jpeg, position)
        if found is None or found[1][0] in _ENDS:
            break
        start = found.end()
        if found[1][0] in _FRAMES:  # length, bits a sample, height, width
            if start + 7 > len(jpeg):
                break
            height, width = jpeg[start + 3 : start + 5], jpeg[start + 5 : start + 7]
            return int.from_bytes(height), int.from_bytes(width)
        # The length counts its own two bytes; libjpeg takes a smaller one for two.
        position = start + max(int.from_bytes(jpeg[start : start + 2]), 2)
    raise DamagedJPEG("no frame header")
