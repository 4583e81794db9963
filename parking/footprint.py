"""From a vehicle's mask to the piece of ground it stands on, through the camera's matrix.

Introduced in lab 5. A mask is a silhouette: a car has height, so the pixels above its wheels
look at ground far behind it. Here a simple body (sill, bumpers, shoulder, roof) of the size that
its class usually has is moved over the ground until its outline agrees with the mask's. Outlines
are compared by their support function: for 32 directions, how far the shape reaches. Of a box only
four are known. Where a nearer object or the edge of the frame cuts the outline, only "at least
this far" is asked. Least squares with the sizes' spread as a prior: Gauss-Newton, all starting
poses at once.

What it takes for granted: a calibrated camera without lens distortion that has not moved since, a
street along y, vehicles parked along it, and sizes as in Kerbside's train split. Lab 5 tests what
happens where this is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from helpers.masks import Mask
from parking.zones import Camera, Zone

SIZES: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "car": ((4.40, 1.80, 1.52), (0.43, 0.08, 0.10)),
    "van": ((5.29, 1.96, 2.02), (0.51, 0.06, 0.12)),
}
"""Length, width and height in metres, and their spread: length and width from Kerbside's train
split, heights as cars and vans have them."""

DIRECTIONS = 32
PIXELS = 0.8
"""Standard deviation of a residual: by how many pixels an outline may be off."""
YAW = np.radians(3.0)
"""Vehicles stand along the street, give or take this."""
EDGE = 3.5
"""An outline that ends this near to the edge of the frame, in pixels, goes on beyond it. Predicted
masks end a little before it; of 1.5, 2.5, 3.5 and 5 the best on val."""
ITERATIONS = 12
_UNKNOWN = 6  # x, y, yaw, length, width, height

# A body as points: x and y in halves of width and length, z in heights; the nose is at y = +1.
_BODY = np.array(
    [(sx * w, y, z) for w, y, z in (
        (0.86, 0.62, 0.0), (0.86, -0.62, 0.0),
        (0.90, 0.97, 0.16), (0.92, -0.97, 0.18), (1.0, 0.80, 0.16), (1.0, -0.80, 0.16),
        (0.80, 1.0, 0.36), (0.88, -1.0, 0.40), (0.97, 0.85, 0.45), (1.0, -0.92, 0.50),
        (0.95, 0.75, 0.55), (1.0, 0.45, 0.62), (0.95, -0.95, 0.66), (1.0, -0.8, 0.68),
        (0.80, 0.12, 0.95), (0.80, -0.1, 1.0), (0.80, -0.35, 0.99), (0.78, -0.72, 0.95),
    ) for sx in (-1, 1)]
)  # fmt: skip


@dataclass(frozen=True)
class Footprint:
    """The ground under a vehicle, and how sure that is."""

    corners: NDArray[np.float64]
    """(4, 2) x, y in metres, in order round the rectangle."""
    samples: NDArray[np.float64]
    """(S, 4, 2): other footprints that agree with the mask about as well."""
    misfit: float
    """Root mean square of what the outlines differ by, in `PIXELS`; above 2 to 3 it is no fit."""
    hidden: float
    """Share of the outline that something nearer, or the edge of the frame, cuts."""

    @property
    def centre(self) -> NDArray[np.float64]:
        """(2,) x, y in metres."""
        return self.corners.mean(axis=0)

    def share(self, zone: Zone) -> float:
        """The share of the footprint's area in a zone, 0 to 1."""
        return float(share_in(self.corners, zone))

    def share_interval(self, zone: Zone) -> tuple[float, float]:
        """5th and 95th percentile of the share over the samples."""
        low, high = np.percentile(share_in(self.samples, zone), [5, 95])
        return float(low), float(high)

    def confidence(self, zone: Zone, threshold: float) -> float:
        """The share of the samples that have at least `threshold` of their area in a zone."""
        return float(np.mean(share_in(self.samples, zone) >= threshold))


def share_in(corners: np.ndarray, zone: Zone) -> NDArray[np.float64]:
    """The share of each rectangle's area, (..., 4, 2) in metres, in a zone of the ground."""
    if zone.area is None:
        return np.zeros(np.shape(corners)[:-2])
    rectangles = shapely.polygons(corners)
    both = shapely.area(shapely.intersection(rectangles, zone.area))
    return both / np.maximum(shapely.area(rectangles), 1e-9)


def fit(
    seen: Mask | np.ndarray, class_name: str, camera: Camera, *, nearer: Mask | None = None
) -> Footprint | None:
    """Finds the footprint whose vehicle looks like the mask, or fills the box.

    Args:
        seen: Visible part of one vehicle, (H, W) bool, or its box `ymin, xmin, ymax, xmax`, (4,)
            in pixels.
        class_name: "car" or "van"; another name counts as a car.
        camera: Camera with a matrix.
        nearer: Pixels of what may stand before it, (H, W) bool.

    Returns:
        None where nothing can be said: an empty mask, or one above the horizon.
    """
    outline = _Target.of_box if np.ndim(seen) == 1 else _Target.of_mask
    target = outline(seen, nearer, camera.size)
    if target is None:
        return None
    means, spreads = SIZES.get(class_name, SIZES["car"])
    prior = np.array([0.0, 0.0, 0.0, *means])
    poses = _starts(target, camera, prior)
    if not len(poses):
        return None
    weights = np.array([0.0, 0.0, 1 / YAW, *(1 / np.asarray(spreads))])
    flips = np.repeat([1.0, -1.0], len(poses))  # nose away from us or towards us
    surface = _Surface(camera)
    poses, cost, normal = _gauss_newton(
        np.concatenate([poses, poses]), flips, target, camera, surface, prior, weights
    )
    best = int(np.argmin(cost))
    residuals = _residuals(poses[best : best + 1], flips[best : best + 1], target, camera, surface)
    known = np.isfinite(target.low)
    spread = _samples(poses[best], normal[best])
    return Footprint(
        corners=_rectangles(poses[best : best + 1])[0],
        samples=_rectangles(spread),
        misfit=float(np.sqrt(np.mean(residuals[0, known] ** 2))),
        hidden=float(np.mean((target.high > target.low + 0.5)[known])),
    )


# --- the outline seen -------------------------------------------------------------------------

_ANGLES = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
_NORMALS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])  # (2, D)


@dataclass(frozen=True)
class _Target:
    """How far the outline reaches in every direction: at least `low`, at most `high` (D,) pixels.

    A direction of which nothing is known has -inf and inf.
    """

    low: np.ndarray
    high: np.ndarray
    points: np.ndarray  # (2, 2): the lowest row's middle, and the middle of it all

    @classmethod
    def of_mask(cls, mask: Mask, nearer: Mask | None, size: tuple[int, int]) -> _Target | None:
        rows, columns = np.nonzero(mask)
        if len(rows) < 6:
            return None
        height, width = size
        pixels = np.stack([columns + 0.5, rows + 0.5], -1)
        hull = cv2.convexHull(np.stack([columns, rows], -1).astype(np.int32))[:, 0] + 0.5
        reach = hull @ _NORMALS
        low = reach.max(axis=0) + _HALF
        high = low.copy()
        extreme = hull[reach.argmax(axis=0)]
        at_edge = ((extreme < EDGE) | (extreme > np.array([width, height]) - EDGE)).any(axis=1)
        high[at_edge] = np.inf
        if nearer is not None and nearer.any():
            at = extreme.astype(int)
            touched = _close(nearer)[at[:, 1], at[:, 0]]
            high[touched] = np.maximum(high, _reach(nearer))[touched]
        bottom = rows.max()
        lowest = pixels[rows == bottom].mean(axis=0)
        return cls(low, high, np.stack([lowest, pixels.mean(axis=0)]))

    @classmethod
    def of_box(cls, box: np.ndarray, nearer: Mask | None, size: tuple[int, int]) -> _Target | None:
        """Four directions are known: right, down, left and up."""
        top, left, bottom, right = (float(side) for side in box)
        height, width = size
        if right - left < 2 or bottom - top < 2:
            return None
        low, high = np.full(DIRECTIONS, -np.inf), np.full(DIRECTIONS, np.inf)
        known = np.arange(4) * DIRECTIONS // 4
        low[known] = high[known] = right, bottom, -left, -top
        cut = np.array([right > width - EDGE, bottom > height - EDGE, left < EDGE, top < EDGE])
        if nearer is not None and nearer.any():
            close, reach = _close(nearer), _reach(nearer)
            rows = np.linspace(top, bottom - 1, 9).astype(int).clip(0, height - 1)
            columns = np.linspace(left, right - 1, 9).astype(int).clip(0, width - 1)
            x0, x1, y0, y1 = columns[0], columns[-1], rows[0], rows[-1]
            sides = close[rows, x1], close[y1, columns], close[rows, x0], close[y0, columns]
            touched = known[[side.mean() >= 0.5 for side in sides]]
            high[touched] = np.maximum(high, reach)[touched]
        high[known[cut]] = np.inf
        middle = (left + right) / 2
        return cls(low, high, np.array([(middle, bottom), (middle, (top + bottom) / 2)]))


_HALF = 0.5 * np.maximum(np.abs(_NORMALS[0]), np.abs(_NORMALS[1]))


def _close(mask: Mask) -> Mask:
    """The mask and what is at most two pixels beside it."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _reach(mask: Mask) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    hull = cv2.convexHull(np.stack([columns, rows], -1).astype(np.int32))[:, 0] + 0.5
    return (hull @ _NORMALS).max(axis=0)


# --- the model --------------------------------------------------------------------------------


class _Surface:
    """How high the paved ground is: the kerb's height on a sidewalk, with a short ramp."""

    def __init__(self, camera: Camera) -> None:
        self.raised = []
        for zone in camera.zones:
            if not zone.height or zone.area is None:
                continue
            points = np.array(zone.area.exterior.coords[:-1])
            along = np.roll(points, -1, axis=0) - points
            normals = np.stack([along[:, 1], -along[:, 0]], -1)
            normals /= np.linalg.norm(normals, axis=1, keepdims=True)
            convex = zone.area.convex_hull.area < zone.area.area * (1 + 1e-9)
            sides = (normals, (normals * points).sum(axis=1)) if convex else None
            self.raised.append((zone.height, zone.area, sides))

    def __call__(self, ground: np.ndarray) -> np.ndarray:
        """(..., 2) metres -> (...) metres above the road."""
        total = np.zeros(ground.shape[:-1])
        for height, area, sides in self.raised:
            if sides is not None:  # fast, and nearly all zones are
                outside = (ground @ sides[0].T - sides[1]).max(axis=-1)
            else:
                points = shapely.points(ground)
                edge = shapely.distance(points, area.exterior)
                outside = np.where(shapely.contains(area, points), -edge, edge)
            total = np.maximum(total, height * np.clip(0.5 - outside / 0.24, 0, 1))
        return total


def _rectangles(poses: np.ndarray) -> np.ndarray:
    """(B, 6) -> (B, 4, 2) corners on the ground."""
    half = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
    local = half[None] * poses[:, None, [4, 3]]
    return _turned(local, poses[:, 2]) + poses[:, None, :2]


def _turned(points: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    x, y = points[..., 0], points[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], -1)


def _outlines(
    poses: np.ndarray, flips: np.ndarray, camera: Camera, surface: _Surface
) -> np.ndarray:
    """How far the body at each pose reaches: (B, D) pixels."""
    scale = np.stack([poses[:, 4] / 2, poses[:, 3] / 2], -1)
    flat = np.stack(
        [np.broadcast_to(_BODY[:, 0], (len(poses), len(_BODY))), flips[:, None] * _BODY[:, 1]], -1
    )
    ground = _turned(flat * scale[:, None], poses[:, 2]) + poses[:, None, :2]
    corners = surface(_rectangles(poses))  # (B, 4)
    u, v = (flat[..., 0] + 1) / 2, (flat[..., 1] + 1) / 2
    base = (
        corners[:, 0:1] * (1 - u) * (1 - v)
        + corners[:, 1:2] * u * (1 - v)
        + corners[:, 2:3] * u * v
        + corners[:, 3:4] * (1 - u) * v
    )
    z = base + _BODY[:, 2] * poses[:, 5:6]
    matrix = camera.matrix
    world = np.concatenate([ground, z[..., None]], -1) @ matrix[:, :3].T + matrix[:, 3]
    image = world[..., :2] / np.maximum(world[..., 2:], 0.3)
    return (image @ _NORMALS).max(axis=1)


def _residuals(
    poses: np.ndarray, flips: np.ndarray, target: _Target, camera: Camera, surface: _Surface
) -> np.ndarray:
    reach = _outlines(poses, flips, camera, surface)
    short, long = np.minimum(reach - target.low, 0), np.maximum(reach - target.high, 0)
    return (short + long) / PIXELS


def _starts(target: _Target, camera: Camera, prior: np.ndarray) -> np.ndarray:
    """(B, 6) poses to start from."""
    ground = camera.to_ground(target.points[1], height=0.5 * prior[5])
    others = camera.to_ground(target.points[0])
    places = [
        p for p in (ground, others + np.array([0, 1.0])) if np.isfinite(p).all() and p[1] < 120
    ]
    return np.array([[*place, *prior[2:]] for place in places])


def _gauss_newton(poses, flips, target, camera, surface, prior, weights):
    """Minimises residuals and prior for all poses at once.

    Returns:
        Poses (B, 6), their costs (B,) and the matrices of the normal equations (B, 6, 6).
    """
    steps = np.array([0.02, 0.02, 0.005, 0.02, 0.02, 0.02])
    count = len(poses)

    def errors(at: np.ndarray, repeat: int = 1) -> np.ndarray:
        seen = _residuals(at, np.repeat(flips, repeat), target, camera, surface)
        return np.concatenate([seen, (at - prior) * weights], 1)

    def robust(values: np.ndarray) -> np.ndarray:
        size = np.abs(values)
        return np.where(size < 2, 0.5 * values**2, 2 * size - 2).sum(axis=1)

    damping = np.full(count, 0.1)
    current = errors(poses)
    cost = robust(current)
    normal = np.zeros((count, _UNKNOWN, _UNKNOWN))
    for _ in range(ITERATIONS):
        moved = (poses[:, None] + np.diag(steps)[None]).reshape(-1, _UNKNOWN)
        slopes = (errors(moved, _UNKNOWN).reshape(count, _UNKNOWN, -1) - current[:, None]) / steps[
            None, :, None
        ]
        pull = np.minimum(1, 2 / np.maximum(np.abs(current), 1e-9))  # Huber's weights
        normal = np.einsum("bpe,be,bqe->bpq", slopes, pull, slopes)
        gradient = np.einsum("bpe,be,be->bp", slopes, pull, current)
        diagonal = np.einsum("bpp->bp", normal)
        damped = normal + np.eye(_UNKNOWN) * (damping[:, None] * diagonal + 1e-6)[:, None]
        step = np.linalg.solve(damped, gradient[..., None])[..., 0]
        tried = poses - step
        tried_errors = errors(tried)
        tried_cost = robust(tried_errors)
        better = tried_cost < cost
        poses = np.where(better[:, None], tried, poses)
        current = np.where(better[:, None], tried_errors, current)
        cost = np.where(better, tried_cost, cost)
        damping = np.where(better, damping * 0.3, damping * 4)
        if not better.any() and damping.min() > 100:
            break
    return poses, cost, normal


def _samples(pose: np.ndarray, normal: np.ndarray, count: int = 32) -> np.ndarray:
    """Poses drawn from the normal distribution that the fit ends in (Laplace's approximation)."""
    rng = np.random.default_rng(0)
    covariance = np.linalg.inv(normal + 1e-6 * np.eye(_UNKNOWN))
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    spread = vectors * np.sqrt(np.clip(values, 0, 25))
    return pose + rng.standard_normal((count, _UNKNOWN)) @ spread.T
