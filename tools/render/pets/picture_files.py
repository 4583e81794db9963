"""Encoding of pictures and trimaps. It rests on Pillow; no lab introduces it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

JPEG_QUALITY = 90


def jpeg(image: np.ndarray, quality: int = JPEG_QUALITY) -> bytes:
    """Encode (H, W, 3) uint8 RGB."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def png(values: np.ndarray) -> bytes:
    """Encode (H, W) or (H, W, 3) uint8 without loss."""
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
