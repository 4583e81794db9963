"""Simple closed shapes as vertices and faces: balls and soft boxes.

It rests on NumPy and `geometry`. No lab introduces it.
"""

from __future__ import annotations

import math

import numpy as np

from tools.render.pets.geometry import TINY, fractal_noise, vec


def grid_faces(rows: int, columns: int, first: int = 0) -> np.ndarray:
    """Quads of a grid of (rows + 1) x (columns + 1) vertices."""
    index = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1) + first
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1)
    return quads.reshape(-1, 4)


def ball(centre, radii, frame=None, segments: int = 20, rings: int = 14):
    """Vertices, faces and unit positions of an ellipsoid whose pole is its first axis."""
    polar, around = np.meshgrid(
        np.linspace(0, math.pi, rings + 1),
        np.linspace(0, 2 * math.pi, segments, endpoint=False),
        indexing="ij",
    )
    on_ball = np.stack(
        [np.cos(polar), np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around)], axis=-1
    ).reshape(-1, 3)
    row, column = (index.ravel() for index in np.indices((rings, segments)))
    after = (column + 1) % segments
    faces = np.stack(
        [
            (row + 1) * segments + column,
            (row + 1) * segments + after,
            row * segments + after,
            row * segments + column,
        ],
        axis=1,
    )
    frame = np.eye(3) if frame is None else np.asarray(frame)
    return np.asarray(centre) + (on_ball * np.asarray(radii)) @ frame.T, faces, on_ball


def soft_box(centre, size, radius=0.15, cells: int = 10, seed: int = 0, puff: float = 0.0):
    """Vertices and faces of a box with rounded edges, a little uneven.

    Args:
        centre: (3,) decimetres.
        size: (3,) decimetres.
        radius: of the edges.
        cells: quads along each edge.
        seed: of the unevenness.
        puff: 0 is a box, about 0.5 swells the thin axis like a cushion.
    """
    cube, faces = _cube(cells)
    half = vec(*size) / 2
    box = cube * half
    core = np.clip(box, -(half - radius), half - radius)
    outward = box - core
    length = np.linalg.norm(outward, axis=1, keepdims=True)
    rounded = core + outward / (length + TINY) * np.minimum(length, radius)
    box = np.where(length > 1e-6, rounded, box)
    if puff:
        thin = int(np.argmin(half))
        across = np.abs(np.delete(cube, thin, axis=1))
        swell = np.prod(1 - across**2.5, axis=1) - 0.55 * np.max(across, axis=1) ** 4
        box[:, thin] *= 1 + puff * swell
    uneven = fractal_noise(box * 1.2 + seed, seed)[:, None] - 0.5
    return box + uneven * 0.06 * min(1, radius * 3) + vec(*centre), faces


def _cube(cells: int):
    """A cube from -1 to 1 made of six grids."""
    steps = np.linspace(-1, 1, cells + 1)
    first, second = np.meshgrid(steps, steps, indexing="ij")
    vertices, faces = [], []
    for axis in range(3):
        for sign in (-1, 1):
            side = np.zeros((cells + 1, cells + 1, 3))
            side[..., axis] = sign
            side[..., (axis + 1) % 3] = first
            side[..., (axis + 2) % 3] = second
            quads = grid_faces(cells, cells, first=sum(len(v) for v in vertices))
            vertices.append(side.reshape(-1, 3))
            faces.append(quads if sign > 0 else quads[:, ::-1])
    return np.concatenate(vertices), np.concatenate(faces)
