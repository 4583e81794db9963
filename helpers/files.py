"""Writing of files, whole or not at all: records, pictures, configurations, reports.

Introduced in lab 2, where a training keeps its history. A reader finds the old file or the new one,
never half of it, whenever the writer is killed. JSON is read here, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.errors import DataError


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path to write to, and rename it to `path` if the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> Path:
    """Write UTF-8 text whole or not at all, line ends unchanged; return the path."""
    return write_bytes(path, text.encode())


def write_bytes(path: str | os.PathLike, content: bytes) -> Path:
    """As `write_text`, for bytes."""
    with whole(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def read_json(path: str | os.PathLike, expected: str = "a JSON file") -> Any:
    """The content of a JSON file; a `DataError` if it is missing, damaged, or has a field twice."""
    try:
        return json.loads(Path(path).read_bytes(), object_pairs_hook=once)
    except OSError as error:
        found = error.strerror or str(error)
        raise DataError(str(path), expected=expected, found=found) from error
    except (ValueError, RecursionError) as error:
        raise DataError(str(path), expected="JSON", found=str(error)) from error


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields as a dictionary; a name that occurs twice is a `ValueError`."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(name for k, (name, _) in enumerate(pairs) if name in dict(pairs[:k]))
        raise ValueError(f"the field {twice!r} twice")
    return fields
