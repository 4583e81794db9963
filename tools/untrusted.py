"""Text from outside, which may be anything: decoded, cleaned, parsed at limited cost."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_PARTS = 1_000_000
"""Lists, objects and entries in one JSON text, strings aside: what it may cost to hold."""


def clean(text: str) -> str:
    """Make text encodable: lone surrogates become question marks, null bytes are removed."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def decoded(data: bytes, fallback: str = "utf-8") -> str:
    """Decode a file by its byte-order mark, as UTF-8, or in the fallback encoding.

    Raises:
        UnicodeDecodeError: The file has none of these encodings.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if b"\x00" in data[:40]:  # without a mark: every second byte of Latin text is null
        return data.decode("utf-16-le" if data[1:2] == b"\x00" else "utf-16-be")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode(fallback)


def loads(data: bytes, most: int = MAX_PARTS) -> Any:
    """Parse JSON with limited cost: `[[],[],...]` takes twenty times its length in memory.

    Raises:
        ValueError: The text is not JSON, nested too deeply, or has too many parts.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > most:
        bare = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", data)
        if sum(map(bare.count, (b",", b"[", b"{"))) > most:
            raise ValueError(f"more than {most:,} parts")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
