"""Bodies as smoothly blended primitives: distance field, surface net, vertex normals.

A pet is a list of capsules and ellipsoids. Their signed distances are joined with a smooth minimum
(polynomial, after I. Quilez), sampled on a grid, and turned into quads with naive surface nets
(S. Gibson 1998: one vertex per cell that the surface crosses, at the mean of its edge crossings).
It rests on NumPy and `geometry`. No lab introduces it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.render.pets.geometry import TINY, unit

OUTSIDE = 9.0
_CORNERS = np.array(list(np.ndindex(2, 2, 2)))


class Primitive:
    """One piece of a body.

    Attributes:
        part: name of the body part, for colours and hair ("torso", "leg", "ear", ...).
        blend: radius of the blend with the previous pieces, decimetres.
        flow: unit vector along which the hair lies.
        up: unit vector towards the upper side of the part, for markings.
        start: coordinate along the part at its beginning: stripes run on from piece to piece.
        hair: length of the hair as a factor.
        low, high: corners of a box around the piece, each (3,).
    """

    low: np.ndarray
    high: np.ndarray

    def __init__(self, part: str, blend: float, flow, up, start: float = 0.0, hair: float = 1.0):
        self.part, self.blend, self.start, self.hair = part, blend, start, hair
        self.flow, self.up = unit(flow), unit(up)

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Signed distance (negative inside) of points (..., 3)."""
        raise NotImplementedError

    def coordinates(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For points (N, 3): distance along the part, and -1 (under side) to 1 (upper side)."""
        raise NotImplementedError


class Capsule(Primitive):
    """A rounded cone from `a` (radius `radius_a`) to `b`; optionally flattened along an axis."""

    def __init__(
        self,
        part,
        a,
        b,
        radius_a,
        radius_b,
        *,
        blend=0.12,
        flow=None,
        up=(0, 0, 1),
        start=0.0,
        hair=1.0,
        flat=None,
        squash=1.0,
    ):
        self.a, self.b = np.asarray(a, float), np.asarray(b, float)
        super().__init__(part, blend, self.b - self.a if flow is None else flow, up, start, hair)
        self.radius_a, self.radius_b = radius_a, radius_b
        self.flat = None if flat is None else unit(flat)
        self.squash = squash
        reach = max(radius_a, radius_b)
        self.low = np.minimum(self.a, self.b) - reach
        self.high = np.maximum(self.a, self.b) + reach

    def _project(self, points):
        axis, offset = self.b - self.a, points - self.a
        t = np.clip(offset @ axis / (axis @ axis + TINY), 0, 1)
        return t, offset - t[..., None] * axis

    def distance(self, points):
        """See `Primitive.distance`; exact but for flattened capsules."""
        t, offset = self._project(points)
        if self.flat is not None:
            thickness = (offset @ self.flat)[..., None] * self.flat
            offset = offset + thickness * (1 / self.squash - 1)
        radius = self.radius_a + (self.radius_b - self.radius_a) * t
        return np.linalg.norm(offset, axis=-1) - radius

    def coordinates(self, points):
        """See `Primitive.coordinates`."""
        t, offset = self._project(points)
        radius = self.radius_a + (self.radius_b - self.radius_a) * t
        along = self.start + t * np.linalg.norm(self.b - self.a)
        return along, np.clip(offset @ self.up / radius, -1, 1)


class Ellipsoid(Primitive):
    """An ellipsoid at `centre` with half-axes `radii` along the columns of `axes`."""

    def __init__(
        self,
        part,
        centre,
        radii,
        *,
        axes=None,
        blend=0.25,
        flow=(-1, 0, 0),
        up=(0, 0, 1),
        start=0.0,
        hair=1.0,
    ):
        super().__init__(part, blend, flow, up, start, hair)
        self.centre, self.radii = np.asarray(centre, float), np.asarray(radii, float)
        self.axes = np.eye(3) if axes is None else np.asarray(axes, float)
        self.low, self.high = self.centre - max(radii), self.centre + max(radii)

    def distance(self, points):
        """See `Primitive.distance`."""
        # First-order estimate: exact on the surface, close near it.
        local = (points - self.centre) @ self.axes
        scaled = np.linalg.norm(local / self.radii, axis=-1) + TINY
        gradient = np.linalg.norm(local / self.radii**2, axis=-1) + TINY
        return scaled * (scaled - 1) / gradient

    def coordinates(self, points):
        """See `Primitive.coordinates`."""
        offset = points - self.centre
        along = self.start + offset @ self.flow
        return along, np.clip(offset @ self.up / self.radii.mean(), -1, 1)


def join(first: np.ndarray, second: np.ndarray, blend: float) -> np.ndarray:
    """Smooth minimum of two distances: a fillet of radius `blend` where they are similar."""
    overlap = np.maximum(blend - np.abs(first - second), 0) / blend
    return np.minimum(first, second) - overlap * overlap * blend / 4


def field(primitives: Sequence[Primitive], points: np.ndarray) -> np.ndarray:
    """Signed distance of points (..., 3) to all primitives joined."""
    distance = np.full(points.shape[:-1], OUTSIDE)
    for primitive in primitives:
        distance = join(distance, primitive.distance(points), primitive.blend)
    return distance


def mesh_of(
    primitives: Sequence[Primitive], cell: float, cuts: Sequence[Primitive] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Surface of the joined primitives minus `cuts`.

    Args:
        primitives: the pieces, joined in order.
        cell: edge of a grid cell in decimetres.
        cuts: pieces carved out sharply (eye openings, insides of ears).

    Returns:
        Vertices (N, 3) float64 and quads (M, 4) int64, counter-clockwise seen from outside.
    """
    low = np.min([p.low for p in primitives], axis=0) - 3 * cell
    high = np.max([p.high for p in primitives], axis=0) + 3 * cell
    shape = np.ceil((high - low) / cell).astype(int)
    grid = np.full(shape, OUTSIDE, np.float32)
    axes = [low[i] + cell * np.arange(shape[i]) for i in range(3)]

    def region(primitive: Primitive, margin: float):
        # Only the part of the grid near the piece is touched: this is what makes it fast.
        begin = np.maximum(((primitive.low - margin - low) / cell).astype(int), 0)
        end = np.minimum(((primitive.high + margin - low) / cell).astype(int) + 2, shape)
        box = tuple(slice(a, b) for a, b in zip(begin, end, strict=True))
        inside = [axis[part] for axis, part in zip(axes, box, strict=True)]
        return box, np.stack(np.meshgrid(*inside, indexing="ij"), axis=-1)

    for primitive in primitives:
        box, points = region(primitive, primitive.blend + 2 * cell)
        grid[box] = join(grid[box], primitive.distance(points), primitive.blend)
    for cut in cuts:
        box, points = region(cut, 2 * cell)
        grid[box] = np.maximum(grid[box], -cut.distance(points))
    return surface_net(grid, low, cell)


def surface_net(grid: np.ndarray, low: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Zero surface of a grid of distances (X, Y, Z) whose first corner is at `low`."""
    inside = grid < 0
    size = np.array(grid.shape) - 1
    corner_inside = [
        inside[i : size[0] + i, j : size[1] + j, k : size[2] + k] for i, j, k in _CORNERS
    ]
    count = sum(corner.astype(np.int8) for corner in corner_inside)
    crossed = (count > 0) & (count < 8)
    cells = np.argwhere(crossed)
    vertex_of = np.full(crossed.shape, -1, np.int64)
    vertex_of[crossed] = np.arange(len(cells))
    vertices = low + cell * (cells + _mean_crossing(grid, cells))
    return vertices, _quads(inside, vertex_of)


def _mean_crossing(grid: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Mean of the points where the surface crosses the 12 edges of each cell, in cell units."""
    values = np.stack([grid[tuple((cells + corner).T)] for corner in _CORNERS], axis=1)
    total, count = np.zeros((len(cells), 3)), np.zeros(len(cells))
    for first in range(8):
        for bit in (1, 2, 4):
            if first & bit:
                continue
            a, b = values[:, first], values[:, first | bit]
            crosses = (a < 0) != (b < 0)
            t = np.where(crosses, a / np.where(crosses, a - b, 1), 0)
            point = _CORNERS[first] + t[:, None] * (_CORNERS[first | bit] - _CORNERS[first])
            total += np.where(crosses[:, None], point, 0)
            count += crosses
    return total / count[:, None]


def _quads(inside: np.ndarray, vertex_of: np.ndarray) -> np.ndarray:
    """One quad for every grid edge that the surface crosses, between the four cells round it."""
    quads = []
    for axis in range(3):
        u, w = (other for other in range(3) if other != axis)
        before = np.take(inside, range(inside.shape[axis] - 1), axis)
        after = np.take(inside, range(1, inside.shape[axis]), axis)
        edges = np.argwhere(before != after)
        in_u = (edges[:, u] > 0) & (edges[:, u] < inside.shape[u] - 1)
        in_w = (edges[:, w] > 0) & (edges[:, w] < inside.shape[w] - 1)
        edges = edges[in_u & in_w]
        corners = []
        for step_u, step_w in ((1, 1), (0, 1), (0, 0), (1, 0)):
            around = edges.copy()
            around[:, u] -= step_u
            around[:, w] -= step_w
            corners.append(vertex_of[tuple(around.T)])
        quad = np.stack(corners, axis=1)
        keep = before[tuple(edges.T)] ^ (axis == 1)
        quad[~keep] = quad[~keep][:, ::-1]
        quads.append(quad)
    return np.concatenate(quads)


def vertex_normals(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Unit normals (N, 3): area-weighted mean of the quads around each vertex."""
    diagonals = (
        vertices[quads[:, 2]] - vertices[quads[:, 0]],
        vertices[quads[:, 3]] - vertices[quads[:, 1]],
    )
    face = np.cross(*diagonals)
    normals = np.zeros_like(vertices)
    for corner in range(4):
        np.add.at(normals, quads[:, corner], face)
    return unit(normals)
