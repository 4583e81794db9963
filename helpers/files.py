"""Writes a file whole or not at all, for records, pictures, configurations and reports.

Introduced in lab 2, where a training keeps its history. A reader finds the old file or the new one,
never half of it, whenever the writer is killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a temporary path to write to, and renames it to `path` if the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> Path:
    """Writes UTF-8 text whole or not at all, with line ends as they are; returns the path."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def write_bytes(path: str | os.PathLike, content: bytes) -> Path:
    """As `write_text`, for bytes."""
    with whole(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)
