"""Real photographs of one car park: which cars stand outside its marked spaces?

Introduced in lab 5. A folder is laid out as `frames/*.jpg`, `masks/*.png` (0 background, 1 a car in
a legal place, 2 a car outside) and `bounding_boxes/*.xml` (the marked spaces as rotated rectangles,
the form of PKLot by Almeida et al., 2015). The camera is not calibrated, but it looks down steeply:
the roof of a car leans out of its space, the lower half of its mask lies where it stands. Legal
places that nobody marked are called outside, and are counted apart.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from skimage.feature import peak_local_max
from skimage.measure import label, regionprops
from skimage.segmentation import watershed
from tqdm.auto import tqdm

from helpers import pictures
from helpers.detection import mask_overlaps
from helpers.errors import DataError
from helpers.masks import Image, Mask
from parking.analysis import Detect
from parking.rules import VEHICLES
from parking.scores import IOU, best_pairs

INSIDE, OUTSIDE = 1, 2  # values of a mask's picture
MISSED = -1  # in place of yes or no: a car that was not detected

SHARE = 0.25
"""Least share of the lower half of a car's mask over marked spaces that makes it inside. On
sequences 1 to 3 cars in spaces have 0.3 or more, and a car beside one has 0."""

FRAGMENT = 0.2
"""A piece of less than this share of a car's usual size, not cut by the frame, is what a lamp post
left of a car, no car of its own."""

CARS_FROM = 0.3  # least detection score of a car


@dataclass(frozen=True, eq=False)
class LotFrame:
    """One photograph with its truth."""

    name: str
    image: Image
    classes: np.ndarray  # (H, W) uint8: 0, INSIDE or OUTSIDE
    spaces: np.ndarray  # (S, 4, 2) corners of the marked spaces, x, y in pixels

    @property
    def marked(self) -> Mask:
        """(H, W) bool: pixels of all marked spaces."""
        canvas = np.zeros(self.classes.shape, np.uint8)
        for corners in self.spaces:
            cv2.fillPoly(canvas, [np.round(corners).astype(np.int32)], 1)
        return canvas.astype(bool)


def _need(good: object, *parts: object) -> None:
    """Raise a `DataError` of these parts, unless all is good."""
    if not good:
        raise DataError(*parts)


def read_folder(folder: str | Path) -> Iterator[LotFrame]:
    """The frames of a folder, by name.

    Raises:
        DataError: No frames, no mask or spaces, other values in a mask, or another frame's spaces.
    """
    folder = Path(folder)
    place = folder / "frames"
    files = sorted(f for f in place.glob("[!.]*") if f.suffix.lower() in pictures.SUFFIXES)
    do = "The folder should hold frames/, masks/ and bounding_boxes/."
    _need(files, place, "photographs", "none", do)
    others = [f.name for f in place.glob("[!.]*")
              if f.is_dir() or f.suffix.lower() in pictures.UNREAD]  # fmt: skip
    _need(not others, place, "photographs that can be read, and no folder", f"{others[:3]}")
    _need(len({f.stem for f in files}) == len(files), place, "a name each", "two of one name")
    for file in files:
        image, place = pictures.read(file), folder / "masks" / f"{file.stem}.png"
        classes = pictures.read_numbers(place)
        (height, width), (rows, columns) = image.shape[:2], classes.shape
        expected = f"{width} x {height} pixels, as its photograph has upright"
        _need((rows, columns) == (height, width), place, expected, f"{columns} x {rows}")
        others = sorted({*np.unique(classes).tolist()} - {0, INSIDE, OUTSIDE})
        expected = "0 (background), 1 (a car in a legal place) and 2 (a car outside)"
        do = "A mask of yes and no does not tell which cars stand outside."
        _need(not others, place, expected, f"also {', '.join(map(str, others[:5]))}", do)
        place = folder / "bounding_boxes" / f"{file.stem}.xml"
        spaces, occupied = map(np.array, zip(*_spaces(place), strict=True))
        # Spaces of another scale or camera: cars that are said to stand in them are elsewhere.
        x, y = spaces.mean(axis=1).T
        out = (x < 0) | (y < 0) | (x >= width) | (y >= height)
        do = "Are these the spaces of this camera, in pixels of this size?"
        expected = f"spaces in the frame, {width} x {height} pixels"
        _need(not out.any(), place, expected, f"{out.sum()} of {len(out)} spaces outside it", do)
        hits = classes[y[occupied].astype(int), x[occupied].astype(int)] > 0
        expected = "a car of the mask in each space that is called occupied"
        good = len(hits) < 4 or not classes.any() or hits.mean() >= 0.3
        _need(good, place, expected, f"one in {hits.sum()} of {len(hits)}", do)
        yield LotFrame(file.stem, image, classes, spaces)


def _spaces(file: Path) -> list[tuple[np.ndarray, bool]]:
    """Corners (4, 2) of the marked spaces in one of PKLot's XML files, and which are occupied."""
    keys = (("center", "x"), ("center", "y"), ("size", "w"), ("size", "h"), ("angle", "d"))
    spaces = []
    try:
        for space in ElementTree.parse(file).getroot().iter("space"):
            rectangle, name = space.find("rotatedRect"), f"space {space.get('id')}"
            if rectangle is None:
                raise ValueError(f"{name} without rotatedRect")
            x, y, w, h, angle = (float(rectangle.find(part).get(key)) for part, key in keys)
            if not (np.isfinite([x, y, w, h, angle]).all() and min(w, h) > 0):
                raise ValueError(f"{name}: {x:g}, {y:g}, {w:g}, {h:g}, {angle:g}")
            spaces.append((cv2.boxPoints(((x, y), (w, h), angle)), space.get("occupied") == "1"))
    except (OSError, ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise DataError(file, "PKLot's XML", f"{type(error).__name__}: {error}") from error
    _need(spaces, file, "marked spaces", "none")
    return spaces


def cars(frame: LotFrame) -> tuple[np.ndarray, np.ndarray]:
    """The cars of a frame, touching ones apart: masks (N, H, W) bool, and which stand outside (N,).

    The truth is one class a pixel. Connected pixels are one car, unless they are much larger than
    a car is there (two thirds of the three nearest spaces' mean area); then the waist between two
    bodies divides them: watershed on the distance to the edge.
    """
    masks, outside = [], []
    for region in regionprops(label(frame.classes, background=0)):
        distance = np.linalg.norm(frame.spaces.mean(axis=1) - region.centroid[::-1], axis=1)
        nearest = frame.spaces[np.argsort(distance, kind="stable")[:3]]
        usual = 0.67 * float(np.mean([cv2.contourArea(corners) for corners in nearest]))
        box = np.array(region.bbox).reshape(2, 2)
        cut = (box[0] == 0).any() or (box[1] == frame.classes.shape).any()
        if region.area < (0.05 if cut else FRAGMENT) * usual:
            continue
        for car in separate(region.image, usual):
            mask = np.zeros(frame.classes.shape, bool)
            mask[region.slice] = car
            masks.append(mask)
            outside.append(frame.classes[tuple(region.coords[0])] == OUTSIDE)
    return np.array(masks, bool).reshape(-1, *frame.classes.shape), np.array(outside, bool)


def separate(blob: Mask, usual: float) -> list[Mask]:
    """The cars in a connected region, as masks of its size; `usual`: pixels of a car there."""
    if blob.sum() < 1.5 * usual:
        return [blob]
    padded, side = np.pad(blob, 1), usual**0.5
    depth = cv2.distanceTransform(padded.astype(np.uint8), cv2.DIST_L2, 5)
    smooth = cv2.GaussianBlur(depth, (0, 0), max(1.0, 0.06 * side))
    apart = {"min_distance": max(3, int(0.45 * side)), "threshold_abs": 0.2 * side}
    peaks = peak_local_max(smooth, **apart, labels=padded.astype(int))
    if len(peaks) < 2:
        return [blob]
    markers = np.zeros(padded.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    parts = watershed(-smooth, markers, mask=padded)[1:-1, 1:-1]
    return [parts == k for k in range(1, len(peaks) + 1) if (parts == k).any()]


def outside(masks: np.ndarray, marked: Mask) -> np.ndarray:
    """Which cars, (N, H, W) bool, stand outside every marked space, (H, W) bool: (N,) bool."""
    result = np.zeros(len(masks), bool)
    for k, mask in enumerate(masks):
        rows = np.flatnonzero(mask.any(axis=1))
        if len(rows):
            low = mask[(rows[0] + rows[-1]) // 2 :]
            result[k] = (low & marked[-len(low) :]).sum() < SHARE * low.sum()
    return result


def evaluate_lot(folders: Sequence[str | Path], detect: Detect | None) -> dict:
    """Score the rule with true masks, and the whole system with a detector's.

    Without `detect` the system is left out: what ends in `_system` is None. `unmarked_legal` counts
    cars in legal places that nobody marked, which the rule calls outside. A car that is not
    detected is wrong; a detection of nothing that is reported is one false alarm more.
    """
    unmarked, reports, rows = 0, 0, []
    frames = [frame for folder in folders for frame in read_folder(folder)]
    for frame in tqdm(frames, desc="car park", unit="frame", leave=False):
        marked, (masks, truth) = frame.marked, cars(frame)
        exact, system = outside(masks, marked), np.full(len(masks), MISSED)
        unmarked += (exact & ~truth & ~(masks & marked).any(axis=(1, 2))).sum()
        if detect is not None:
            found = detect_in_tiles(detect, frame.image)
            reported = outside(found, marked)
            reports += reported.sum()
            for k, g in best_pairs(mask_overlaps(found, masks), IOU):
                system[g] = reported[k]
        rows.append([truth, exact, system])
    truth, exact, system = np.concatenate(rows, axis=1)

    def shares(names: Sequence[str], answers: np.ndarray, count: int) -> dict[str, float | None]:
        """Accuracy, precision and recall; None where there is nothing to divide by."""
        hits = (truth & (answers == 1)).sum()
        parts = ((answers == truth).sum(), len(truth)), (hits, count), (hits, truth.sum())
        values = [round(float(part / whole), 4) if whole else None for part, whole in parts]
        return dict(zip(names, values, strict=True))

    of_rule = "accuracy_true_masks", "precision_outside", "recall_outside"
    of_all = "accuracy_system", "precision_outside_system", "recall_outside_system"
    counts = {"frames": len(frames), "cars": len(truth), "outside": int(truth.sum())}
    counts |= {"unmarked_legal": int(unmarked)} | shares(of_rule, exact, exact.sum())
    return counts | (dict.fromkeys(of_all) if detect is None else shares(of_all, system, reports))


def detect_in_tiles(detect: Detect, image: Image, tiles: int = 3) -> np.ndarray:
    """Masks (N, H, W) of the vehicles in a picture far larger than a detector was trained for.

    The picture is cut into `tiles` columns, and rows of the same scale, that overlap by a third, so
    that a car which one tile cuts is whole in the next. What a tile's inner edge cuts is dropped;
    of masks that overlap, the one with the best score is kept.
    """
    height, width = image.shape[:2]
    side = width / (1 + (tiles - 1) * 2 / 3)
    tall, side = min(height, round(side * 3 / 4)), round(side)
    rows = max(1, int(np.ceil((height - tall) / (tall * 2 / 3))) + 1) if height > tall else 1
    tops = np.linspace(0, height - tall, rows).round().astype(int)
    lefts = np.linspace(0, width - side, tiles).round().astype(int)
    found: list[tuple[float, Mask]] = []
    for top, left in product(tops, lefts):
        part = np.s_[top : top + tall, left : left + side]
        inner = (top > 0, top + tall < height, left > 0, left + side < width)
        seen = detect(np.ascontiguousarray(image[part]))
        for mask, name, score in zip(seen.masks, seen.class_names, seen.scores, strict=True):
            edges = [edge.any() for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1])]
            if name in VEHICLES and mask.any() and not np.any(np.logical_and(inner, edges)):
                whole = np.zeros((height, width), bool)
                whole[part] = mask
                found.append((float(score), whole))
    kept: list[Mask] = []
    for _, mask in sorted(found, key=lambda each: -each[0]):
        area = mask.sum()
        if all((mask & other).sum() < 0.4 * min(area, other.sum()) for other in kept):
            kept.append(mask)
    return np.array(kept, bool).reshape(-1, height, width)
