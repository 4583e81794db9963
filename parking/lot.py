"""Real photographs of one car park: which cars stand outside its marked spaces?

Introduced in lab 5. A folder is laid out as `frames/*.jpg`, `masks/*.png` (0 background, 1 a car in
a legal place, 2 a car outside) and `bounding_boxes/*.xml` (the marked spaces as rotated rectangles,
the form of PKLot by Almeida et al., 2015). The camera is not calibrated, but it looks down steeply:
the roof of a car leans out of its space, the lower half of its mask lies where it stands. Legal
places that nobody marked are called outside, and are counted apart.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from helpers import pictures
from helpers.detection import mask_overlaps, match
from helpers.detector import Detections
from helpers.errors import DataError
from helpers.files import write_bytes
from helpers.masks import Image, Mask, outline
from parking.clips import PICTURES
from parking.rules import VEHICLES

INSIDE, OUTSIDE = 1, 2
"""Values of a mask's picture."""

SHARE = 0.25
"""Least share of the lower half of a car's mask over marked spaces that makes it inside. On
sequences 1 to 3 cars in spaces have 0.3 or more, and a car beside one has 0."""

FRAGMENT = 0.2
"""A piece of less than this share of a car's usual size, not cut by the frame, is what a lamp post
left of a car, no car of its own."""

IOU = 0.5


@dataclass(frozen=True, eq=False)
class LotFrame:
    """One photograph with its truth."""

    name: str
    image: Image
    classes: np.ndarray  # (H, W) uint8: 0, INSIDE or OUTSIDE
    spaces: list[np.ndarray]  # (4, 2) corners of each marked space, x, y in pixels

    @property
    def marked(self) -> Mask:
        """(H, W) bool: pixels of all marked spaces."""
        canvas = np.zeros(self.classes.shape, np.uint8)
        for corners in self.spaces:
            cv2.fillPoly(canvas, [np.round(corners).astype(np.int32)], 1)
        return canvas.astype(bool)


def read_folder(folder: str | os.PathLike) -> Iterator[LotFrame]:
    """The frames of a folder, by name.

    Raises:
        DataError: No frames, one without mask or spaces, a mask with other values, or spaces that
            do not belong to the frame.
    """
    folder = Path(folder)
    files = sorted(
        file for file in (folder / "frames").glob("[!.]*") if file.suffix.lower() in PICTURES
    )
    if not files:
        do = "It should hold frames/, masks/ and bounding_boxes/."
        expected = "photographs"
        raise DataError(str(folder / "frames"), expected=expected, found="none", do=do)
    if len({file.stem for file in files}) < len(files):
        found = f"{len(files)} files with {len({file.stem for file in files})} names"
        raise DataError(str(folder / "frames"), expected="a name each", found=found)
    for file in files:
        image = pictures.read(file)
        place = folder / "masks" / f"{file.stem}.png"
        classes = pictures.read_numbers(place)
        if classes.shape != image.shape[:2]:
            expected = f"{image.shape[1]} x {image.shape[0]} pixels, as its photograph has upright"
            found = f"{classes.shape[1]} x {classes.shape[0]}"
            raise DataError(str(place), expected=expected, found=found)
        if others := sorted({*np.unique(classes).tolist()} - {0, INSIDE, OUTSIDE}):
            expected = "0 (background), 1 (a car in a legal place) and 2 (a car outside)"
            found = f"also {', '.join(map(str, others[:5]))}"
            do = "A mask of yes and no does not tell which cars stand outside."
            raise DataError(str(place), expected=expected, found=found, do=do)
        boxes = folder / "bounding_boxes" / f"{file.stem}.xml"
        spaces = read_spaces(boxes)
        frame = LotFrame(file.stem, image, classes, [corners for corners, _ in spaces])
        _check_spaces(boxes, frame, [taken for _, taken in spaces])
        yield frame


def read_spaces(file: Path) -> list[tuple[np.ndarray, bool | None]]:
    """Corners (4, 2) of the marked spaces in one of PKLot's XML files, and which are occupied.

    Raises:
        DataError: No such file, no space in it, or numbers that are none.
    """
    try:
        spaces = []
        for space in ElementTree.parse(file).getroot().iter("space"):
            rectangle = space.find("rotatedRect")
            if rectangle is None:
                raise ValueError(f"space {space.get('id')} without rotatedRect")
            parts = (("center", "x"), ("center", "y"), ("size", "w"), ("size", "h"), ("angle", "d"))
            x, y, w, h, angle = (float(rectangle.find(part).get(key)) for part, key in parts)
            if not (np.isfinite([x, y, w, h, angle]).all() and min(w, h) > 0):
                raise ValueError(f"space {space.get('id')}: {x:g}, {y:g}, {w:g}, {h:g}, {angle:g}")
            taken = {"0": False, "1": True}.get(space.get("occupied"))
            spaces.append((cv2.boxPoints(((x, y), (w, h), angle)), taken))
    except (OSError, ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        found = f"{type(error).__name__}: {error}"
        raise DataError(str(file), expected="PKLot's XML", found=found) from error
    if not spaces:
        raise DataError(str(file), expected="marked spaces", found="none")
    return spaces


def _check_spaces(file: Path, frame: LotFrame, taken: Sequence[bool | None]) -> None:
    """Spaces of another scale or frame: the cars that are said to stand in them are elsewhere."""
    height, width = frame.classes.shape
    centres = np.array([corners.mean(axis=0) for corners in frame.spaces])
    out = ((centres < 0) | (centres >= (width, height))).any(axis=1)
    do = "Are these the spaces of this camera, in pixels of this size?"
    if out.any():
        found = f"{out.sum()} of {len(out)} spaces outside it"
        expected = f"spaces in the frame, {width} x {height} pixels"
        raise DataError(str(file), expected=expected, found=found, do=do)
    cars = frame.classes > 0
    hits = [
        cars[int(y), int(x)] for (x, y), occupied in zip(centres, taken, strict=True) if occupied
    ]
    if len(hits) >= 4 and cars.any() and np.mean(hits) < 0.3:
        found = f"one in {sum(hits)} of {len(hits)}"
        expected = "a car of the mask in each space that is called occupied"
        raise DataError(str(file), expected=expected, found=found, do=do)


# --- single cars from the class masks ---------------------------------------------------------


def cars(frame: LotFrame) -> tuple[np.ndarray, np.ndarray]:
    """The cars of a frame, touching ones apart.

    The truth is one class a pixel. Connected pixels are one car, unless they are much larger than
    a car is there (marked spaces tell); then the waist between two bodies divides them: watershed
    on the distance to the edge.

    Returns:
        Masks (N, H, W) bool, and for each `INSIDE` or `OUTSIDE` (N,).
    """
    masks, values = [], []
    for value in (INSIDE, OUTSIDE):
        count, labels, stats, centres = cv2.connectedComponentsWithStats(
            (frame.classes == value).astype(np.uint8), connectivity=8
        )
        for k in range(1, count):
            usual = usual_area(centres[k], frame.spaces)
            left, top, width, height, area = stats[k]
            rows, columns = slice(top, top + height), slice(left, left + width)
            at_edge = (
                min(left, top) == 0
                or left + width == labels.shape[1]
                or top + height == labels.shape[0]
            )
            if area < (0.05 if at_edge else FRAGMENT) * usual:
                continue
            for part in separate(labels[rows, columns] == k, usual):
                mask = np.zeros(labels.shape, bool)
                mask[rows, columns] = part
                masks.append(mask)
                values.append(value)
    return np.array(masks, bool).reshape(-1, *frame.classes.shape), np.array(values, int)


def usual_area(centre: Sequence[float], spaces: Sequence[np.ndarray]) -> float:
    """Pixels that a car has about there: two thirds of the three nearest spaces' mean area."""
    distances = [np.hypot(*(corners.mean(axis=0) - centre)) for corners in spaces]
    nearest = np.argsort(distances)[:3]
    return 0.67 * float(np.mean([cv2.contourArea(spaces[k]) for k in nearest]))


def separate(blob: Mask, usual: float) -> list[Mask]:
    """One connected region -> the cars in it, each as a mask of the region's size."""
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    if blob.sum() < 1.5 * usual:
        return [blob]
    padded = np.pad(blob, 1)
    depth = cv2.distanceTransform(padded.astype(np.uint8), cv2.DIST_L2, 5)
    smooth = cv2.GaussianBlur(depth, (0, 0), max(1.0, 0.06 * usual**0.5))
    least = max(3, int(0.45 * usual**0.5))
    peaks = peak_local_max(
        smooth, min_distance=least, threshold_abs=0.2 * usual**0.5, labels=padded.astype(int)
    )
    if len(peaks) < 2:
        return [blob]
    markers = np.zeros(padded.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    parts = watershed(-smooth, markers, mask=padded)[1:-1, 1:-1]
    return [parts == k for k in range(1, len(peaks) + 1) if (parts == k).any()]


# --- the rule, and how right it is ------------------------------------------------------------


def outside(masks: np.ndarray, marked: Mask) -> np.ndarray:
    """(N,) bool: which cars stand outside every marked space.

    Args:
        masks: (N, H, W) bool.
        marked: (H, W) bool: pixels of all marked spaces.
    """
    result = np.zeros(len(masks), bool)
    for k, mask in enumerate(masks):
        rows = np.flatnonzero(mask.any(axis=1))
        if not len(rows):
            continue
        low = mask[(rows[0] + rows[-1]) // 2 :]
        result[k] = (low & marked[-len(low) :]).sum() < SHARE * low.sum()
    return result


def evaluate_lot(
    folders: Sequence[str | os.PathLike],
    detect: Callable[[np.ndarray], Detections] | None,
    *,
    tiles: int = 3,
    pictures: Path | None = None,
) -> dict:
    """Scores the rule with true masks, and the whole system with a detector's.

    Args:
        folders: see `read_folder`.
        detect: None leaves the system out.
        tiles: across a frame, see `detect_in_tiles`.
        pictures: folder for one picture a frame: verdicts, and what they got wrong.

    Returns:
        `frames`, `cars`, `accuracy_true_masks`, `precision_outside`, `recall_outside`, the last
        three with `_system` (None without a detector), and `unmarked_legal`: cars in legal places
        that nobody marked, which the rule calls outside.
    """
    from tqdm.auto import tqdm

    counts: Counter = Counter()
    frames = [(Path(folder), frame) for folder in folders for frame in read_folder(folder)]
    for folder, frame in tqdm(frames, desc="car park", unit="frame", leave=False):
        masks, values = cars(frame)
        truth, said = values == OUTSIDE, outside(masks, frame.marked)
        over = (masks & frame.marked).any(axis=(1, 2))
        counts["frames"] += 1
        counts["unmarked"] += int((said & ~truth & ~over).sum())
        _count(counts, "", truth, said)
        if detect is not None:
            found = detect_in_tiles(detect, frame.image, tiles)
            _count_system(counts, frame, masks, truth, found)
        if pictures is not None:
            _draw(Path(pictures) / f"{folder.name}_{frame.name}.jpg", frame, masks, truth, said)
    result = {name: counts[name] for name in ("frames", "cars", "outside")}
    result["unmarked_legal"] = counts["unmarked"]
    result |= _scores(counts, "", "accuracy_true_masks")
    if detect is None:
        return result | dict.fromkeys(
            ("accuracy_system", "precision_outside_system", "recall_outside_system")
        )
    return result | _scores(counts, "_system", "accuracy_system")


def _count(counts: Counter, suffix: str, truth: np.ndarray, said: np.ndarray) -> None:
    counts["cars" + suffix] += len(truth)
    counts["outside" + suffix] += int(truth.sum())
    counts["right" + suffix] += int((truth == said).sum())
    counts["said" + suffix] += int(said.sum())
    counts["hits" + suffix] += int((truth & said).sum())


def _count_system(
    counts: Counter, frame: LotFrame, masks: np.ndarray, truth: np.ndarray, found: np.ndarray
) -> None:
    """A car that is not detected is wrong; a detection of nothing that is reported is one more."""
    said = outside(found, frame.marked)
    overlaps = mask_overlaps(found, masks)
    order = np.argsort(-overlaps.max(axis=1, initial=0), kind="stable")
    pairs = [(k, g) for k, g in zip(order, match(overlaps[order], IOU), strict=True) if g >= 0]
    counts["cars_system"] += len(truth)
    counts["outside_system"] += int(truth.sum())
    counts["said_system"] += int(said.sum())
    for k, g in pairs:
        counts["right_system"] += int(said[k] == truth[g])
        counts["hits_system"] += int(said[k] and truth[g])


def _scores(counts: Counter, suffix: str, accuracy: str) -> dict:
    def ratio(part: str, whole: str) -> float | None:
        whole_count = counts[whole + suffix]
        return round(counts[part + suffix] / whole_count, 4) if whole_count else None

    return {
        accuracy: ratio("right", "cars"),
        f"precision_outside{suffix}": ratio("hits", "said"),
        f"recall_outside{suffix}": ratio("hits", "outside"),
    }


# --- large pictures ---------------------------------------------------------------------------


def detect_in_tiles(
    detect: Callable[[np.ndarray], Detections], image: Image, tiles: int = 3
) -> np.ndarray:
    """Masks (N, H, W) of the vehicles in a picture far larger than a detector was trained for.

    The picture is cut into `tiles` columns, and rows of the same scale, that overlap by a third, so
    that a car which one tile cuts is whole in the next. What a tile's inner edge cuts is dropped;
    of masks that overlap, the one with the best score is kept.
    """
    height, width = image.shape[:2]
    side = width / (1 + (tiles - 1) * 2 / 3)
    tall = min(height, round(side * 3 / 4))
    side = round(side)
    lefts = np.linspace(0, width - side, tiles).round().astype(int)
    rows = max(1, int(np.ceil((height - tall) / (tall * 2 / 3))) + 1) if height > tall else 1
    tops = np.linspace(0, height - tall, rows).round().astype(int)
    found: list[tuple[float, Mask]] = []
    for top in tops:
        for left in lefts:
            tile = np.ascontiguousarray(image[top : top + tall, left : left + side])
            seen = detect(tile)
            for mask, name, score in zip(seen.masks, seen.class_names, seen.scores, strict=True):
                cut = (
                    (top > 0 and mask[0].any())
                    or (left > 0 and mask[:, 0].any())
                    or (top + tall < height and mask[-1].any())
                    or (left + side < width and mask[:, -1].any())
                )
                if name in VEHICLES and mask.any() and not cut:
                    whole = np.zeros((height, width), bool)
                    whole[top : top + tall, left : left + side] = mask
                    found.append((float(score), whole))
    kept: list[Mask] = []
    for _, mask in sorted(found, key=lambda each: -each[0]):
        area = mask.sum()
        if all((mask & other).sum() < 0.4 * min(area, other.sum()) for other in kept):
            kept.append(mask)
    return np.array(kept, bool).reshape(-1, height, width)


def _draw(
    file: Path, frame: LotFrame, masks: np.ndarray, truth: np.ndarray, said: np.ndarray
) -> None:
    from parking.drawing import BLUE, GREEN, ORANGE, VERMILION, Labels, jpeg

    drawn, texts = frame.image.copy(), []
    for corners in frame.spaces:
        cv2.polylines(drawn, [np.round(corners).astype(np.int32)], True, BLUE, 1, cv2.LINE_AA)
    for mask, true, reported in zip(masks, truth, said, strict=True):
        colour = ORANGE if true != reported else VERMILION if reported else GREEN
        drawn = outline(drawn, mask, colour, 2)
        if true != reported:
            rows, columns = np.nonzero(mask)
            text = "legal, but not marked" if reported else "outside, not reported"
            texts.append((text, (int(columns.min()), int(rows.min()))))
    labels = Labels(drawn)
    for text, place in texts:
        labels.put(text, place)
    write_bytes(file, jpeg(drawn))
