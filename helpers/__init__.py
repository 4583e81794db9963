"""What the labs import, from masks and metrics to models; the case study is in `parking`.

`import helpers` is fast and imports neither TensorFlow nor Matplotlib: a module is imported when
it is first used (`helpers.masks`, `from helpers import metrics`). Every lab starts with
`helpers.setup()`, which is in `helpers.environment`.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.environment import fetch, setup

ROOT = Path(__file__).resolve().parent.parent  # the repository
DATA = ROOT / "data"  # rendered pictures, weights, cameras; `fetch` what you open of it
BUILD = ROOT / "build"  # checkpoints, exports and reports that the labs leave; git ignores it

__all__ = ["BUILD", "DATA", "ROOT", "fetch", "setup"]


def _modules() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__)}


def __getattr__(name: str) -> Any:
    """Imports `helpers.<name>` on first use (PEP 562)."""
    if name in ("fetch", "setup"):
        return getattr(importlib.import_module(f"{__name__}.environment"), name)
    if name in _modules():
        return importlib.import_module(f"{__name__}.{name}")
    known = ", ".join(__dir__())
    raise AttributeError(f"module 'helpers' has no attribute {name!r}; it has {known}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_modules()})
