"""Writes a file whole or not at all, for records, configurations and reports.

Introduced in lab 2, where a training keeps its history. A reader finds the old file or the new one,
never half of it, whenever the writer is killed. Rests on the standard library.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_text(path: str | os.PathLike, text: str) -> Path:
    """Writes UTF-8 text under a temporary name beside `path`, then renames it.

    Folders that are missing are made. Line ends stay as they are, on every system.

    Returns:
        The path.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
