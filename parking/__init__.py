"""The case study of lab 5: vehicles that stand where parking is forbidden.

`analyse` goes through a clip and writes a report, `watch` gives one judged frame after another;
both are in `analysis`. Its parts: `zones` (camera files), `footprint` and `rules` (where does it
stand?), `tracking` and `events` (for how long?), `clips`, `drawing`, `evidence`, `film` and
`report` (in and out).
How right it is, `stills`, `scores` and `lot` measure. `proposals`, `editor` and `widgets` make
zones for a new camera, `beam` analyses a folder of clips, `cli` is `python -m parking`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parking.analysis import Analysis, Detect, Frame, analyse, annotate, watch

__all__ = ["Analysis", "Detect", "Frame", "analyse", "annotate", "watch"]


def __getattr__(name: str) -> Any:
    """Imports `analysis` when one of its names is first used: a camera file needs no SciPy."""
    if name in __all__:
        return getattr(importlib.import_module("parking.analysis"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
