"""Lab 5's networks under their old names; what is here is in `unet`, `segmentation`, `kerbside`.

Goes when lab 5 asks these three directly.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from helpers import DATA, unet
from helpers.kerbside import RECORDS, SIZE, SPLITS, camera_of
from helpers.kerbside import SURFACES as CLASSES
from helpers.kerbside import surfaces as load
from helpers.segmentation import Answers, answer

if TYPE_CHECKING:
    import keras

__all__ = ["CLASSES", "RECORDS", "SIZE", "SPLITS", "Answers", "answer", "camera_of", "load"]

WEIGHTS = DATA / "weights" / "unet_kerbside.weights.h5"
BAND = 2


def street_unet(
    size: tuple[int, int] = SIZE, *, encoder_weights: str | os.PathLike | None = None
) -> keras.Model:
    """Lab 2's light U-Net for streets; its weights fit every size."""
    return unet.light_unet(size, len(CLASSES), encoder_weights=encoder_weights, enlarge=1.0)


def deeplab(
    size: tuple[int, int] = SIZE, *, encoder_weights: str | os.PathLike | None = None
) -> keras.Model:
    """`unet.deeplab` for Kerbside's classes."""
    return unet.deeplab(size, len(CLASSES), encoder_weights=encoder_weights)
