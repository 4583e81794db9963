"""Small random pictures with detections, for the tests of matching, metrics and scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.detector import Detections

SIZE = (24, 32)


@dataclass
class Things:
    """Enough of `Detections` and of `Example` for the metrics."""

    boxes: np.ndarray
    masks: np.ndarray
    classes: np.ndarray
    scores: np.ndarray
    crowd: np.ndarray


def things(boxes: list, classes: list, scores: list | None = None, crowd: list | None = None):
    """Rectangles as masks; boxes are ymin, xmin, ymax, xmax, upper ends exclusive."""
    masks = np.zeros((len(boxes), *SIZE), bool)
    for mask, (ymin, xmin, ymax, xmax) in zip(masks, boxes, strict=True):
        mask[ymin:ymax, xmin:xmax] = True
    return Things(
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        masks=masks,
        classes=np.array(classes, np.int64),
        scores=np.array(scores or np.zeros(len(boxes)), float),
        crowd=np.array(crowd or np.zeros(len(boxes)), bool),
    )


def detections(count: int = 3) -> Detections:
    """Of classes 1, 2, 3 named a, b, c, with scores from 0.9 down to 0.3."""
    return Detections(
        boxes=np.arange(4 * count, dtype=float).reshape(count, 4),
        classes=np.arange(1, count + 1),
        scores=np.linspace(0.9, 0.3, count),
        masks=np.arange(count)[:, None, None] * np.ones((1, 5, 6)) > 0,
        class_names=tuple("abc"[:count]),
        features=np.arange(2 * count).reshape(count, 2),
    )


def random_pictures(seed: int) -> list[tuple[Things, Things]]:
    """1 to 5 pictures, some without objects or detections, with crowds, ties and duplicates."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(rng.integers(1, 6)):
        boxes = [random_box(rng) for _ in range(rng.integers(0, 6))]
        classes = rng.integers(1, 4, len(boxes)).tolist()
        truth = things(boxes, classes, crowd=(rng.random(len(boxes)) < 0.2).tolist())
        found, numbers = [], []
        for box, number in zip(boxes, classes, strict=True):
            for _ in range(rng.choice([0, 1, 1, 2])):  # missed, found, found twice
                found.append(shaken(rng, box))
                numbers.append(number if rng.random() < 0.8 else int(rng.integers(1, 4)))
        for _ in range(rng.integers(0, 4)):
            found.append(random_box(rng))
            numbers.append(int(rng.integers(1, 4)))
        scores = rng.integers(1, 6, len(found)) / 5  # few values: many ties
        pictures.append((things(found, numbers, scores.tolist()), truth))
    return pictures


def random_box(rng: np.random.Generator) -> tuple[int, int, int, int]:
    height, width = SIZE
    ymin, xmin = int(rng.integers(0, height - 2)), int(rng.integers(0, width - 2))
    ymax = int(rng.integers(ymin + 1, min(height, ymin + 14) + 1))
    return ymin, xmin, ymax, int(rng.integers(xmin + 1, min(width, xmin + 14) + 1))


def shaken(rng: np.random.Generator, box: tuple) -> tuple[int, int, int, int]:
    """The box with its sides moved by a pixel or two, often not at all."""
    ymin, xmin, ymax, xmax = (int(v) for v in np.array(box) + rng.choice([0, 0, 0, -1, 1, 2], 4))
    ymin, xmin = max(0, min(ymin, SIZE[0] - 1)), max(0, min(xmin, SIZE[1] - 1))
    return ymin, xmin, min(SIZE[0], max(ymax, ymin + 1)), min(SIZE[1], max(xmax, xmin + 1))
