"""Small annotated pictures on disk, in the ways that the converters read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tools.records import coco, convert, formats, labelme

SIZE = (40, 60)
CATEGORIES = [{"id": 3, "name": "car"}, {"id": 7, "name": "person"}]


def save_picture(path: Path, seed: int = 0) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)
    Image.fromarray(noise).save(path, "JPEG", quality=80)
    return path.read_bytes()


def rectangle(left: float, top: float, right: float, bottom: float) -> list[float]:
    return [left, top, right, top, right, bottom, left, bottom]


def annotation(number: int, image: int, polygons: Any, bbox: list, **changes: Any) -> dict:
    item = {"id": number, "image_id": image, "category_id": 3, "iscrowd": 0}
    return item | {"segmentation": polygons, "bbox": bbox} | changes


def coco_set(folder: Path, items: list[dict], pictures: int = 3, **changes: Any) -> list[Path]:
    """`instances.json` and `images/` for that many pictures, with ids from 1; returns both."""
    images = []
    for number in range(1, pictures + 1):
        save_picture(folder / "images" / f"{number}.jpg", number)
        image = {"id": number, "file_name": f"{number}.jpg", "height": SIZE[0], "width": SIZE[1]}
        images.append(image)
    content = {"images": images, "annotations": items, "categories": CATEGORIES} | changes
    file = folder / "instances.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return [file, folder / "images"]


def from_coco(file: Path, images: Path, out: Path, **options: Any) -> dict[str, Any]:
    how = {key: options.pop(key) for key in ("outlines", "by_name", "boxes") if key in options}
    return convert.write_shards(coco.read_coco(file, images, **how), out, **options)


def from_labelme(folder: Path, out: Path, **options: Any) -> dict[str, Any]:
    how = {key: options.pop(key) for key in ("images", "label_map", "outlines") if key in options}
    return convert.write_shards(labelme.read_labelme(folder, **how), out, **options)


def from_voc(folder: Path, out: Path, **options: Any) -> dict[str, Any]:
    how = {key: options.pop(key) for key in ("listing", "label_map", "outlines") if key in options}
    return convert.write_shards(formats.read_voc(folder, **how), out, **options)
