"""Picture of lab 1: two cats at a window, composed by code, with exact ground truth.

    python -m tools.render.window               writes the three files in data/lab1 again
    python -m tools.render.window --out DIR     writes them elsewhere

The cat is `chelsea`, a photograph included in scikit-image (S. van der Walt, CC0), cut out along a
hand-drawn outline and used twice, the second time mirrored and smaller. Wall, window and plants are
drawn. Every layer is painted over the previous ones, in the picture and the ground truth alike, so
class and instance of each pixel are known by construction. Rests on NumPy, OpenCV and
scikit-image's data.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import DATA
from helpers.masks import Image, Labels, Mask

CAT_OUTLINE = np.array([
    (40, -1), (34, 33), (32, 67), (30, 104), (13, 120), (-1, 127), (-1, 300), (295, 300),
    (303, 278), (311, 258), (316, 240), (316, 226), (335, 203), (350, 182), (360, 161), (363, 141),
    (363, 120), (358, 104), (357, 80), (372, 57), (378, 37), (385, 25), (402, -1),
])  # fmt: skip
"""Chelsea's outline by hand, x and y in pixels of the photo; a person's opinion, not the truth."""

FOLDER = DATA / "lab1"
"""Where the lab finds the picture."""

CLASSES = ("wall", "room", "window", "cat", "plant")
WALL, ROOM, WINDOW, CAT, PLANT = range(5)
THINGS = (CAT, PLANT)
"""The countable classes; the others are stuff, which has no instances."""

HEIGHT, WIDTH = 360, 760
_SCALE = 3  # everything is drawn three times as large and then averaged: smooth edges
_OPENING = (46, 36, 714, 292)  # of the window: left, top, right, bottom
_BARS = (132, 616)  # left edges of the two bars that divide it


@dataclass(frozen=True)
class Scene:
    """A picture with its panoptic ground truth."""

    image: Image = field(repr=False)
    """(H, W, 3) uint8 RGB."""
    labels: Labels = field(repr=False)
    """(H, W) uint8, index into `class_names`."""
    instances: Labels = field(repr=False)
    """(H, W) uint8: 1, 2, ... for each thing, 0 for stuff."""
    class_names: tuple[str, ...]
    things: tuple[int, ...]
    """Which of the classes are countable."""


def cat_photo() -> tuple[Image, Mask]:
    """The photo `chelsea`, (300, 451, 3) uint8 RGB, and the cat in it as outlined by hand."""
    from skimage import data

    image = data.chelsea()
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [CAT_OUTLINE.astype(np.int32)], 1)
    return image, mask.astype(bool)


def cats_at_a_window() -> Scene:
    """Two touching cats and two separate plants, behind and in front of the bars of a window."""
    canvas = _Canvas()
    rng = np.random.default_rng(7)
    left, top, right, bottom = _OPENING
    grain = _grain(rng)
    canvas.paint(_box(0, 0, WIDTH, HEIGHT), _bricks(grain, rng), WALL)
    canvas.paint(_box(*_OPENING), np.array((66, 54, 60)), ROOM)
    canvas.cat(2, at=(right + 4, top - 8), scale=-0.9)
    canvas.cat(1, at=(left - 4, top - 8), scale=1.0)
    canvas.shade(_box(*_OPENING))
    wood = np.array((236, 232, 222), np.float32) * grain[..., None] ** 0.5
    frame = [
        _box(left - 12, top - 14, right + 12, top),
        _box(left - 12, top, left, bottom),
        _box(right, top, right + 12, bottom),
        *(_box(x, top, x + 12, bottom) for x in _BARS),
        _box(left - 26, bottom, right + 26, bottom + 16),
    ]
    for board in frame:
        canvas.paint(board, wood, WINDOW, edge=True)
    for instance, (x, leaves) in enumerate(((88, 9), (672, 11)), start=3):
        canvas.plant(instance, x, bottom + 6, leaves)
    return canvas.scene()


class _Canvas:
    """Picture and truth under construction, in large pixels."""

    def __init__(self) -> None:
        size = (HEIGHT * _SCALE, WIDTH * _SCALE)
        self.colour = np.zeros((*size, 3), np.float32)
        self.labels = np.zeros(size, np.uint8)
        self.instances = np.zeros(size, np.uint8)

    def paint(
        self,
        polygon: np.ndarray,
        texture: np.ndarray,
        label: int,
        instance: int = 0,
        *,
        edge: bool = False,
    ) -> None:
        """Fills a polygon (K, 2), in small pixels, with a texture or one colour.

        A texture is as large as the canvas; `edge` adds a dark rim at the lower right.
        """
        points = np.round(polygon * _SCALE).astype(np.int32)
        x, y, width, height = cv2.boundingRect(points)
        part = (slice(max(y, 0), y + height), slice(max(x, 0), x + width))
        inside = np.zeros(self.labels[part].shape, np.uint8)
        cv2.fillPoly(inside, [points], 1, offset=(-max(x, 0), -max(y, 0)))
        mask = inside.astype(bool)
        paint = texture[part][mask] if texture.ndim == 3 else texture
        self.colour[part][mask] = paint
        self.labels[part][mask], self.instances[part][mask] = label, instance
        if edge:
            rim = mask & ~np.pad(mask, ((0, 4), (0, 4)))[4:, 4:]
            self.colour[part][rim] *= 0.72

    def cat(self, instance: int, at: tuple[int, int], scale: float) -> None:
        """Pastes the cat; `at` is its photo's upper corner, the right one if it is mirrored."""
        photo, _ = cat_photo()
        outline = CAT_OUTLINE.clip((0, 0), photo.shape[1::-1]) * (scale, abs(scale)) + at
        factor = abs(scale) * _SCALE
        photo = photo if scale > 0 else photo[:, ::-1]
        large = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        x, y = at[0] * _SCALE, at[1] * _SCALE
        x = x if scale > 0 else x - large.shape[1]
        texture = np.zeros_like(self.colour)
        part = texture[y : y + large.shape[0], x : x + large.shape[1]]
        part[:] = large[: part.shape[0], : part.shape[1]]
        left, top, right, bottom = _OPENING  # the cat is inside: what is beyond is not seen
        self.paint(outline.clip((left, top), (right, bottom)), texture, CAT, instance)

    def shade(self, polygon: np.ndarray) -> None:
        """Darkens the inside of the window towards its frame, as depth does."""
        light = np.zeros(self.labels.shape, np.float32)
        cv2.fillPoly(light, [np.round(polygon * _SCALE).astype(np.int32)], 1.0)
        light = cv2.GaussianBlur(light, None, 8 * _SCALE)
        inside = self.labels != WALL
        self.colour[inside] *= (0.25 + 0.75 * light.clip(0, 1))[inside, None]

    def plant(self, instance: int, x: float, y: float, leaves: int) -> None:
        """Draws a pot that stands at (x, y) with a fan of leaves."""
        for index, angle in enumerate(np.linspace(-1.15, 1.15, leaves)):
            length = 62 - 14 * abs(angle) + 5 * (-1) ** index
            along = np.linspace(0, np.pi, 20)
            width = 7.5 * np.sin(along) * np.where(along < np.pi / 2, 1, 0.9)
            reach = length * (1 - np.cos(along)) / 2
            shape = np.concatenate([np.c_[width, -reach], np.c_[-width, -reach][::-1]])
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            green = np.array((46, 112, 62)) * (0.8 + 0.45 * (index % 3) / 2)
            self.paint(shape @ turn.T + (x, y - 30), green, PLANT, instance, edge=True)
        pot = np.add([(-20, -34), (20, -34), (15, 0), (-15, 0)], (x, y))
        band = np.add([(-23, -42), (23, -42), (22, -31), (-22, -31)], (x, y))
        column = np.arange(WIDTH * _SCALE) / _SCALE
        shading = np.interp(column, [x - 24, x + 24], [1.12, 0.72]).astype(np.float32)
        clay = np.float32((186, 94, 62)) * np.broadcast_to(
            shading[None, :, None], (*self.labels.shape, 1)
        )
        self.paint(pot, clay, PLANT, instance, edge=True)
        self.paint(band, clay, PLANT, instance, edge=True)

    def scene(self) -> Scene:
        """The small picture: colours averaged, labels those of each pixel's centre."""
        size = (WIDTH, HEIGHT)
        image = cv2.resize(self.colour, size, interpolation=cv2.INTER_AREA).clip(0, 255)
        centre = slice(_SCALE // 2, None, _SCALE)
        return Scene(
            image=np.uint8(np.round(image)),
            labels=self.labels[centre, centre].copy(),
            instances=self.instances[centre, centre].copy(),
            class_names=CLASSES,
            things=THINGS,
        )


def _box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    """A rectangle as a polygon; `right` and `bottom` are exclusive."""
    end = 1 / _SCALE
    corners = [(left, top), (right - end, top), (right - end, bottom - end), (left, bottom - end)]
    return np.array(corners)


def _bricks(grain: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A wall of painted bricks, 40 by 15 pixels each."""
    y, x = np.ogrid[: HEIGHT * _SCALE, : WIDTH * _SCALE]
    row = y // (15 * _SCALE)
    along = x + 20 * _SCALE * (row % 2)
    tone = rng.normal(1, 0.055, (HEIGHT // 15 + 1, WIDTH // 40 + 2)).astype(np.float32)
    wall = np.array((112, 134, 150), np.float32) * tone[row, along // (40 * _SCALE)][..., None]
    wall[(y % (15 * _SCALE) < 5) | (along % (40 * _SCALE) < 5)] = (150, 160, 166)
    return wall * grain[..., None]


def _grain(rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise about 1 with a coarse and a fine part."""
    size = (HEIGHT * _SCALE, WIDTH * _SCALE)
    noise = rng.standard_normal(size, dtype=np.float32)
    coarse, fine = cv2.GaussianBlur(noise, None, 6), cv2.GaussianBlur(noise, None, 1.2)
    return 1 + 0.03 * (coarse / coarse.std() + fine / fine.std())


def write(folder: Path = FOLDER) -> list[Path]:
    """Write picture, labels and instances as PNG files; return their paths."""
    picture = cats_at_a_window()
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "window.png": picture.image[..., ::-1],  # OpenCV writes BGR
        "window_labels.png": picture.labels,
        "window_instances.png": picture.instances,
    }
    for name, pixels in files.items():
        if not cv2.imwrite(str(folder / name), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
            raise OSError(f"{folder / name}: could not be written")
    return [folder / name for name in files]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; it prints the paths of the files."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.render.window", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder; default: data/lab1")
    print(*write(parser.parse_args(arguments).out), sep="\n")


if __name__ == "__main__":
    main()
