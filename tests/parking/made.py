"""A street as a camera on a pole sees it, made of boxes: exact truth without any picture file."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import psutil

from helpers.detector import Detections
from parking.tracking import Moment
from parking.zones import Camera, Zone

SIZE = (120, 160)
CAR = (4.4, 1.8, 1.5)
FORBIDDEN, LANE, PARKING = "sidewalk", "lane", "parking"


def camera() -> Camera:
    """6 m up, looking along y; the sidewalk is right of x = 4, the lane left of x = 2."""
    pitch, focal = np.radians(22), 130.0
    forward = np.array([0, np.cos(pitch), -np.sin(pitch)])
    axes = np.array([(1, 0, 0), (0, -np.sin(pitch), -np.cos(pitch)), forward])
    inner = np.array([(focal, 0, SIZE[1] / 2), (0, focal, SIZE[0] / 2), (0, 0, 1)])
    matrix = inner @ np.column_stack([axes, -axes @ np.array([0, 0, 6.0])])
    bare = Camera("made", SIZE, (), matrix, matrix[:, [0, 1, 3]])

    def zone(name: str, left: float, right: float, **facts: bool) -> Zone:
        ground = np.array([(left, 10.0), (right, 10.0), (right, 40.0), (left, 40.0)])
        image = bare.to_image(ground).clip(0, (SIZE[1], SIZE[0]))
        return Zone(name, name, image=image, ground=ground, **facts)

    zones = (
        zone(FORBIDDEN, 4, 7, no_parking=True, needs_time=False),
        zone(PARKING, 2, 4, no_parking=False, needs_time=False),
        zone(LANE, -2, 2, no_parking=True, needs_time=True),
    )
    return Camera("made", SIZE, zones, matrix, bare.homography)


def silhouette(x: float, y: float, size: tuple[float, float, float] = CAR) -> np.ndarray:
    """(H, W) bool: a box on the ground with its middle at x, y, a little narrower at the top."""
    length, width, height = size
    corners = [
        (x + sx * width / 2 * taper, y + sy * length / 2 * taper, z)
        for z, taper in ((0.2, 0.96), (0.6 * height, 1.0), (height, 0.75))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    points = camera().to_image(np.array(corners)).astype(np.float32)
    hull = cv2.convexHull(points)[:, 0] - 0.5
    canvas = np.zeros(SIZE, np.uint8)
    cv2.fillConvexPoly(canvas, np.round(hull).astype(np.int32), 1)
    return canvas.astype(bool)


def detections(objects: Iterable[tuple[str, np.ndarray]], score: float = 0.9) -> Detections:
    """What a perfect detector would say of (name, mask) pairs; the first hides the others."""
    numbers = {"car": 1, "van": 2, "person": 3}
    taken = np.zeros(SIZE, bool)
    names, masks = [], []
    for name, mask in objects:
        free = mask & ~taken
        taken |= mask
        if free.any():
            names.append(name)
            masks.append(free)
    stack = np.array(masks, bool).reshape(-1, *SIZE)
    boxes = [
        (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        for rows, columns in (np.nonzero(mask) for mask in stack)
    ]
    return Detections(
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        classes=np.array([numbers[name] for name in names], int),
        scores=np.full(len(names), score, np.float32),
        masks=stack,
        class_names=tuple(names),
    )


def street(seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: houses and kerbs with edges that a check of the camera can hold on to."""
    rng = np.random.default_rng(seed)
    image = np.full((*SIZE, 3), 120, np.uint8)
    for _ in range(60):
        x, y = rng.integers(0, SIZE[1]), rng.integers(0, SIZE[0])
        w, h = rng.integers(4, 24, 2)
        colour = tuple(int(c) for c in rng.integers(40, 230, 3))
        cv2.rectangle(image, (int(x), int(y)), (int(x + w), int(y + h)), colour, -1)
    return image


def parks(first: int, last: int, x: float = 5.2, y: float = 18.0) -> Callable[[int], list]:
    """A script: a car that drives up along the lane, stands at x, y in these frames, and leaves."""

    def script(index: int) -> list:
        if index < first:
            at = (0.0, y - 2.5 * (first - index))
        elif index <= last:
            at = (x, y)
        else:
            at = (0.0, y + 3.0 * (index - last))
        if not 9 < at[1] < 45:
            return []
        return [("car", silhouette(*at))]

    return script


def moment(index: int, fps: float = 2.0) -> Moment:
    """A frame of a clip that is evenly timed."""
    return Moment(index, index / fps)


def stub(*scripts: Callable[[int], list]) -> Callable[[np.ndarray], Detections]:
    """A detector that ignores the picture and plays scripts, nearest objects first."""
    frame = iter(range(10**9))

    def detect(image: np.ndarray) -> Detections:
        index = next(frame)
        return detections([each for script in scripts for each in script(index)])

    return detect


def encoding() -> list[psutil.Process]:
    """Processes of ffmpeg that this one has started, zombies too."""
    return [each for each in psutil.Process().children() if "ffmpeg" in each.name()]
