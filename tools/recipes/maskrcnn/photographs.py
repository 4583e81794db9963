"""Photographs for the training: annotations in COCO's format written as record files.

The records are those of the Object Detection API, with two conventions of this recipe on top, so
that a picture teaches what its annotations say and nothing else:

* An object with a box but no outline has a mask filled with `UNKNOWN`; it teaches boxes and
  classes, no masks.
* What is not to be judged is a crowd: COCO's crowds, objects marked as difficult, vehicles of a
  kind that none of the classes means, and the whole picture where some objects are not labelled.
  Inside a crowd, a find that matches no object is neither right nor wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from helpers.errors import DataError, explain

CLASSES = {"car": 1, "van": 2, "truck": 2, "bus": 2, "person": 3}
"""Numbers of the course's classes by the names of COCO's. Trucks and buses count as vans, as they
do in Kerbside."""

NOT_JUDGED = ("vehicle", "train", "tricycle")
"""Categories that may or may not be one of the classes."""

UNKNOWN = 255
"""Value of a mask that nobody drew."""


def write(
    annotations: Path,
    images: Path,
    output: Path,
    *,
    only: str = "",
    skip: str | None = None,
    aspect: tuple[int, int] | None = None,
) -> dict[str, int]:
    """Writes a record for each photograph; the file is there whole or not at all.

    Args:
        annotations: instances.json in COCO's format. `complete` 0 of an image says that some
            objects are not labelled; an empty `segmentation` that only the box is known.
        images: Folder of the photographs.
        output: TFRecord file.
        only: Regular expression that the names of the photographs taken contain.
        skip: Regular expression that the names of the photographs left out contain.
        aspect: Width and height, such as (4, 3), of the originals of photographs that were
            stretched when they were published.

    Returns:
        Numbers of photographs, objects, masks and regions not judged.

    Raises:
        DataError: The annotations cannot be read, a photograph is missing or of another size than
            declared, or none is chosen.
    """
    import tensorflow as tf

    content = _read(annotations)
    counts = dict.fromkeys(("photographs", "objects", "masks", "not_judged"), 0)
    payloads = []
    for photograph, objects in _chosen(content, only, skip):
        pixels = _pixels(images / photograph["file_name"], photograph)
        things = list(_things(photograph, objects, content["names"]))
        if aspect:
            size = pixels.shape[1], round(pixels.shape[1] * aspect[1] / aspect[0])
            pixels, things = _resized(pixels, things, size)
        payloads.append(_serialised(photograph["file_name"], pixels, things))
        counts["photographs"] += 1
        counts["objects"] += sum(not crowd for *_, crowd in things)
        counts["masks"] += sum(not crowd and int(mask.max()) == 1 for _, _, mask, crowd in things)
        counts["not_judged"] += sum(crowd for *_, crowd in things)
    if not payloads:
        expected = "photographs that --only names and --skip does not"
        raise DataError(explain(str(annotations), expected=expected, found="none"))
    building = output.with_name(f".{output.name}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(building)) as writer:
        for payload in payloads:
            writer.write(payload)
    building.replace(output)
    return counts


def _read(path: Path) -> dict:
    expected = "COCO's JSON with images, annotations and categories"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {each["id"]: each["name"] for each in content["categories"]}
        return {"images": content["images"], "objects": content["annotations"], "names": names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"{type(error).__name__}: {error}"
        raise DataError(explain(str(path), expected=expected, found=found)) from error


def _chosen(content: dict, only: str, skip: str | None) -> Iterator[tuple[dict, list[dict]]]:
    """Every photograph that is wanted with its annotations."""
    by_image: dict = {}
    for each in content["objects"]:
        by_image.setdefault(each["image_id"], []).append(each)
    for photograph in content["images"]:
        name = photograph["file_name"]
        if re.search(only, name) and not (skip and re.search(skip, name)):
            yield photograph, by_image.get(photograph["id"], [])


def _pixels(path: Path, photograph: dict) -> np.ndarray:
    """(H, W, 3) uint8 RGB, as the pixels are stored: annotations know nothing of EXIF."""
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    size = photograph["height"], photograph["width"]
    if pixels is None or pixels.shape[:2] != size:
        found = "no picture" if pixels is None else f"{pixels.shape[0]} x {pixels.shape[1]}"
        expected = f"a picture of {size[0]} x {size[1]} pixels"
        raise DataError(explain(str(path), expected=expected, found=found))
    return pixels[..., ::-1]


def _things(photograph: dict, objects: list[dict], names: dict[int, str]) -> Iterator[tuple]:
    """Box (4,) as fractions, class, mask (H, W) uint8 and crowd of each object of interest."""
    height, width = photograph["height"], photograph["width"]
    empty = np.full((height, width), UNKNOWN, np.uint8)
    for each in objects:
        name = names[each["category_id"]]
        if name not in CLASSES and name not in NOT_JUDGED:
            continue
        x, y, w, h = each["bbox"]
        box = np.clip([y / height, x / width, (y + h) / height, (x + w) / width], 0, 1)
        if box[2] * height - box[0] * height < 1 or box[3] * width - box[1] * width < 1:
            continue
        crowd = bool(each.get("iscrowd")) or bool(each.get("difficult")) or name in NOT_JUDGED
        mask = empty
        if each.get("segmentation") and not crowd:
            mask = _mask(each["segmentation"], height, width)
            crowd = not mask.any()
        yield box, CLASSES.get(name, 1), mask, crowd
    if not photograph.get("complete", 1):
        yield np.array([0.0, 0.0, 1.0, 1.0]), 1, empty, True


def _mask(segmentation: list | dict, height: int, width: int) -> np.ndarray:
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, list):
        code = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        code = coco_mask.frPyObjects(segmentation, height, width)
    else:
        code = segmentation
    return coco_mask.decode(code)


def _resized(pixels: np.ndarray, things: list[tuple], size: tuple[int, int]) -> tuple:
    import cv2

    pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    nearest = cv2.INTER_NEAREST
    return pixels, [
        (box, number, cv2.resize(mask, size, interpolation=nearest), crowd)
        for box, number, mask, crowd in things
    ]


def _serialised(name: str, pixels: np.ndarray, things: list[tuple]) -> bytes:
    import cv2
    import tensorflow as tf

    def encoded(extension: str, image: np.ndarray, *options: int) -> bytes:
        return cv2.imencode(extension, image, options)[1].tobytes()

    def feature(values: list) -> tf.train.Feature:
        if values and isinstance(values[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if values and isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    jpeg = encoded(".jpg", pixels[..., ::-1], cv2.IMWRITE_JPEG_QUALITY, 95)
    boxes = [[float(side) for side in box] for box, *_ in things]
    keys = {
        "image/encoded": [jpeg],
        "image/format": [b"jpeg"],
        "image/filename": [name.encode()],
        "image/source_id": [name.encode()],
        "image/height": [pixels.shape[0]],
        "image/width": [pixels.shape[1]],
    }
    if things:
        keys |= {
            "image/object/bbox/ymin": [box[0] for box in boxes],
            "image/object/bbox/xmin": [box[1] for box in boxes],
            "image/object/bbox/ymax": [box[2] for box in boxes],
            "image/object/bbox/xmax": [box[3] for box in boxes],
            "image/object/class/label": [number for _, number, _, _ in things],
            "image/object/is_crowd": [int(crowd) for *_, crowd in things],
            "image/object/mask": [encoded(".png", mask) for _, _, mask, _ in things],
        }
    features = tf.train.Features(feature={key: feature(value) for key, value in keys.items()})
    return tf.train.Example(features=features).SerializeToString()
