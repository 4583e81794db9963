"""Pictures of what was found: annotated frames and evidence, with people and plates unreadable.

Introduced in lab 5. Nothing that leaves the memory shows a face or a number plate: people are
pixelated as a whole, vehicles in their lower part, before anything is drawn or stored. Colours are
those of Okabe and Ito; an offence has a thicker outline and a word as well, so that nothing depends
on colour alone. Rests on OpenCV.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from helpers.detector import Detections
from helpers.masks import Image, Mask
from parking.rules import VEHICLES
from parking.zones import Camera

VERMILION, ORANGE, GREEN, BLUE = (213, 94, 0), (230, 159, 0), (0, 158, 115), (0, 114, 178)

PLATES = 0.55
"""Lower share of a vehicle's height in which plates are."""


def private(image: Image, found: Detections) -> Image:
    """A copy in which people and the lower parts of vehicles are coarse squares.

    Squares are at least 6 pixels wide and at least a tenth of the vehicle's or the person's height:
    a plate, whose characters are less than a twelfth of a car's height, keeps none of them.
    """
    result = image.copy()
    height, width = image.shape[:2]
    for mask, name in zip(found.masks, found.class_names, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            continue
        top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        if name in VEHICLES:
            top = int(bottom - PLATES * (bottom - top))
        margin = 2  # masks end a little early
        top, left = max(top - margin, 0), max(left - margin, 0)
        bottom, right = min(bottom + margin, height), min(right + margin, width)
        square = int(max(6, (rows[-1] - rows[0]) / 10))
        part = image[top:bottom, left:right]
        small = (max(1, part.shape[1] // square), max(1, part.shape[0] // square))
        coarse = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(coarse, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        grown = cv2.dilate(mask[top:bottom, left:right].astype(np.uint8), np.ones((5, 5), np.uint8))
        result[top:bottom, left:right][grown > 0] = coarse[grown > 0]
    return result


def outline(image: Image, mask: Mask, colour: tuple[int, int, int], width: int = 1) -> None:
    """Draws a mask's outline into the picture."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(image, contours, -1, colour, width, cv2.LINE_AA)


def polygon(
    image: Image, points: np.ndarray, colour: tuple[int, int, int], fill: float = 0.0
) -> None:
    """Draws a closed polygon (K, 2) of x, y; `fill` is the opacity of its area."""
    if not len(points) or not np.isfinite(points).all():
        return
    corners = [np.round(points * 8 - 4).astype(np.int32)]
    if fill:
        layer = image.copy()
        cv2.fillPoly(layer, corners, colour, cv2.LINE_AA, shift=3)
        cv2.addWeighted(layer, fill, image, 1 - fill, 0, dst=image)
    cv2.polylines(image, corners, True, colour, 1, cv2.LINE_AA, shift=3)


def words(image: Image, text: str, place: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """Writes on a dark ground, moved so that all of it is inside."""
    size, base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 1)
    x = int(np.clip(place[0], 0, max(image.shape[1] - size[0] - 4, 0)))
    y = int(np.clip(place[1], size[1] + 4, image.shape[0] - base))
    cv2.rectangle(image, (x, y - size[1] - 4), (x + size[0] + 4, y + base - 1), (20, 20, 20), -1)
    cv2.putText(image, text, (x + 2, y - 2), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)


def draw_zones(image: Image, camera: Camera, *, fill: float = 0.12) -> Image:
    """A copy with every zone: forbidden ones orange, parking green; lanes as lines only."""
    result = image.copy()
    for zone in camera.zones:
        colour = ORANGE if zone.no_parking else GREEN
        polygon(result, zone.image, colour, 0.0 if zone.needs_time else fill)
    return result


def crop(image: Image, box: Iterable[float], margin: float = 0.6, least: int = 96) -> Image:
    """The part of a picture round a box, with a margin, at least `least` pixels wide and high."""
    top, left, bottom, right = box
    half_height = max((bottom - top) * (0.5 + margin), least / 2)
    half_width = max((right - left) * (0.5 + margin), least / 2)
    y, x = (top + bottom) / 2, (left + right) / 2
    rows = slice(max(int(y - half_height), 0), int(y + half_height) + 1)
    columns = slice(max(int(x - half_width), 0), int(x + half_width) + 1)
    return image[rows, columns]


def jpeg(image: Image, quality: int = 88) -> bytes:
    """An image as JPEG."""
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
