"""Records of coloured shapes, drawn here, small enough to train on in a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from helpers import records
from helpers.masks import mask_to_box


def shape_example(number: int, size: tuple[int, int] = (48, 64), objects: int = 3):
    """Discs (1), bars (2) and frames (3), each class in a colour of its own."""
    rng = np.random.default_rng(number)
    height, width = size
    image = rng.integers(90, 130, (height, width, 3)).astype(np.uint8)
    y, x = np.mgrid[:height, :width]
    masks, classes = [], []
    for _ in range(objects):
        kind, radius = int(rng.integers(1, 4)), int(rng.integers(6, 12))
        cy, cx = rng.integers(radius, height - radius), rng.integers(radius, width - radius)
        dy, dx = abs(y - cy), abs(x - cx)
        mask = {
            1: dy**2 + dx**2 <= radius**2,
            2: (dy <= radius // 2) & (dx <= radius),
            3: (np.maximum(dy, dx) <= radius) & (np.maximum(dy, dx) > radius // 2),
        }[kind]
        for earlier in masks:
            earlier &= ~mask
        image[mask] = [(220, 40, 40), (40, 200, 60), (50, 60, 220)][kind - 1]
        masks.append(mask)
        classes.append(kind)
    seen = [k for k, mask in enumerate(masks) if mask.sum() >= 12]
    masks = np.array([masks[k] for k in seen], bool).reshape(-1, height, width)
    return records.Example(
        image=image,
        boxes=np.array([mask_to_box(m) for m in masks], np.float32).reshape(-1, 4),
        classes=np.array([classes[k] for k in seen], np.int64),
        masks=masks,
        crowd=np.zeros(len(seen), bool),
        source_id=f"shapes-{number}",
        class_names=tuple(("car", "van", "person")[classes[k] - 1] for k in seen),
    )


def write_shapes(path: Path, count: int = 8, first: int = 0) -> Path:
    records.write(path, (shape_example(first + k) for k in range(count)))
    return path
