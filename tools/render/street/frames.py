"""Storage of finished frames: one compressed file each, written atomically.

Rendering takes hours and may be killed at any moment. A frame is written under a temporary name
and then moved into place, so a file that exists is complete; the next run skips it. Rests on NumPy
and `helpers.files`, so packing reads the frames without Blender.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.files import whole

from . import GENERATOR_VERSION

#: What reading a missing, cut off or altered file can raise.
_DAMAGE = (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Frame:
    """One rendered picture with its ground truth."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    ids: np.ndarray  # (H, W) uint8; 0 sky, semantic class + 1, or instance id
    amodal: np.ndarray  # (N, H, W) bool, in the order of facts["instances"]
    facts: dict


def save_frame(path: Path, frame: Frame) -> None:
    """Write a frame atomically."""
    facts = json.dumps({"generator_version": GENERATOR_VERSION, **frame.facts})
    with whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            image=frame.image,
            ids=frame.ids,
            amodal=np.packbits(frame.amodal, axis=-1),
            facts=np.frombuffer(facts.encode(), np.uint8),
        )
        file.flush()
        os.fsync(file.fileno())


def load_frame(path: Path) -> Frame:
    """Read a frame; a missing or damaged file raises ValueError that names it."""
    try:
        with np.load(path) as stored:
            ids = stored["ids"]
            amodal = np.unpackbits(stored["amodal"], axis=-1, count=ids.shape[1]).astype(bool)
            return Frame(stored["image"], ids, amodal, _facts(stored))
    except _DAMAGE as error:
        raise ValueError(
            f"{path}: not a finished Kerbside frame ({error}); delete it and render again"
        ) from error


def is_finished(path: Path) -> bool:
    """Whether a frame of this generator version exists."""
    try:
        with np.load(path) as stored:
            return _facts(stored).get("generator_version") == GENERATOR_VERSION
    except _DAMAGE:
        return False


def _facts(stored: np.lib.npyio.NpzFile) -> dict:
    return json.loads(stored["facts"].tobytes())
