"""Conversion of CamVid's pixel labels to a COCO file of objects, which `photographs` reads.

CamVid (Brostow et al., 2009) labels the pixels of cars, but does not separate one car from the
next. An isolated car, however, is a connected component of its own, distinguished from a row of
cars by shape and size: such components become objects. All other pixels of cars, pedestrians and
cyclists become crowds, which are ignored in training; the remaining pixels are known to be
background.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from helpers import files, pictures
from helpers.masks import mask_to_box, mask_to_rle


@dataclass(frozen=True)
class Kind:
    """Criteria by which a connected component is one object of a class and not a group."""

    label: int  # of CamVid's pixels
    widths: tuple[float, float]  # width of the box divided by its height
    solidity: float  # least share of the convex hull that is object
    outline: float  # the same of the outline from above, with everything below it filled


KINDS = {
    "car": Kind(8, (0.9, 1.8), solidity=0.85, outline=0.97),
    "person": Kind(9, (0.2, 0.42), solidity=0.6, outline=0.93),
}
"""Chosen by eye on the training frames. Two cars side by side leave a gap between their roofs, a
row of cars is wide. CamVid's 11 classes count vans, trucks and buses as cars: most of those are too
high for one, or cut off."""

CYCLIST = 10
"""Label of a person with the bicycle: never an object, since Kerbside has none."""

LEAST = 12
"""Height in pixels of the smallest object: labels of smaller ones are blots."""

GAP, PART = 3, 0.05
"""Distance in pixels within which another component of the class makes one suspect, if it has this
share of its pixels or more: a pole in front of a car cuts it in two."""


def write(folder: Path, split: str, output: Path) -> dict:
    """Write the objects of a split as a COCO file; the pictures are in `folder`/`split`/images.

    Args:
        folder: CamVid with `images/*.jpg` and `labels/*.png` for each split, as for
            `street.camvid`.
        split: "train" or "val".
        output: Output file instances.json, written atomically.

    Returns:
        Numbers of pictures, objects of each class and crowds.

    Raises:
        DataError: There are no frames, or the labels of one are missing.
    """
    from tools.recipes.street import camvid_frames

    numbers = {name: number for number, name in enumerate((*KINDS, "vehicle"), start=1)}
    images, annotations = [], []
    counts = {"photographs": 0, **dict.fromkeys(KINDS, 0), "not_judged": 0}
    for image, labels in camvid_frames(folder, split):
        pixels = pictures.read_numbers(labels)
        number, (height, width) = len(images) + 1, pixels.shape
        images.append({"id": number, "file_name": image.name, "width": width, "height": height})
        counts["photographs"] += 1
        for name, mask, alone in components(pixels):
            top, left, bottom, right = mask_to_box(mask).tolist()
            rle = mask_to_rle(mask)
            counts[name if alone else "not_judged"] += 1
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": numbers[name],
                    "iscrowd": int(not alone),
                    "bbox": [left, top, right - left, bottom - top],
                    "area": int(mask.sum()),
                    "segmentation": {"size": [height, width], "counts": rle["counts"].decode()},
                }
            )
    about = {"name": "CamVid", "licence": "CamVid (Brostow et al., 2009): for research use"}
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    content = {"info": about, "images": images, "annotations": annotations}
    files.write_text(output, json.dumps(content | {"categories": categories}) + "\n")
    return counts


def components(labels: np.ndarray) -> Iterator[tuple[str, np.ndarray, bool]]:
    """Connected components of the object classes of CamVid.

    Args:
        labels: (H, W) uint8, CamVid's 0 to 11.

    Yields:
        Class, mask (H, W) bool, and whether it is certainly a single complete object. Cyclists are
        given as persons, never certain.
    """
    for name, kind in KINDS.items():
        for mask, lonely in _connected(labels == kind.label):
            yield name, mask, lonely and _whole(mask, kind)
    for mask, _ in _connected(labels == CYCLIST):
        yield "person", mask, False


def _connected(region: np.ndarray) -> Iterator[tuple[np.ndarray, bool]]:
    """Components of a region, and whether each is isolated from other large ones."""
    count, numbers = cv2.connectedComponents(region.astype(np.uint8), connectivity=8)
    areas = np.bincount(numbers.ravel(), minlength=count)
    reach = np.ones((2 * GAP + 1, 2 * GAP + 1), np.uint8)
    for number in range(1, count):
        mask = numbers == number
        near = numbers[cv2.dilate(mask.astype(np.uint8), reach).astype(bool)]
        others = set(near.tolist()) - {0, number}
        yield mask, all(areas[other] < PART * areas[number] for other in others)


def _whole(mask: np.ndarray, kind: Kind) -> bool:
    top, left, bottom, right = mask_to_box(mask)
    if top == 0 or left == 0 or bottom == mask.shape[0] or right == mask.shape[1]:
        return False  # cut off by the picture edge, so its shape is uninformative
    low, high = kind.widths
    if bottom - top < LEAST or not low <= (right - left) / (bottom - top) <= high:
        return False
    inside = mask[int(top) : int(bottom), int(left) : int(right)]
    filled = np.maximum.accumulate(inside, axis=0)
    return _solidity(inside) >= kind.solidity and _solidity(filled) >= kind.outline


def _solidity(mask: np.ndarray) -> float:
    """Area of a mask divided by that of its convex hull."""
    points = np.argwhere(mask)[:, ::-1].astype(np.int32)
    hull = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), cv2.convexHull(points), 1)
    return mask.sum() / hull.sum()
