"""Suppression of Blender's reports on standard output, which is reserved for the result."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Discard all output, including that of C code."""
    sys.stdout.flush()
    kept = os.dup(1)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        yield
    finally:
        sys.stdout.flush()
        if sys.platform != "win32":
            ctypes.CDLL(None).fflush(None)  # else C's buffer would come out after the switch back
        os.dup2(kept, 1)
        os.close(kept)
        os.close(sink)
