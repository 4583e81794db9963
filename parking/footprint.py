"""From a vehicle's mask to the piece of ground it stands on, through the camera's matrix.

Introduced in lab 5. A mask is a silhouette: a car has height, so the pixels above its wheels
look at ground far behind it. Here a simple body (sill, bumpers, shoulder, roof) of the size that
its class usually has is moved over the ground until its outline agrees with the mask's. Outlines
are compared by their support function: for 32 directions, how far the shape reaches. Of a box only
four are known. Where a nearer object or the edge of the frame cuts the outline, only "at least
this far" is asked. Least squares, the sizes' spread as prior: Gauss-Newton, all starts at once.

What it takes for granted: a calibrated camera without lens distortion that has not moved since, a
street along y, vehicles parked along it, and sizes as in Kerbside's train split. Lab 5 tests this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.special import huber

from helpers.masks import Mask
from parking.zones import Camera, Zone

SIZES: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "car": ((4.40, 1.80, 1.52), (0.43, 0.08, 0.10)),
    "van": ((5.29, 1.96, 2.02), (0.51, 0.06, 0.12)),
}
"""Length, width and height in metres, and their spread: length and width from Kerbside's train
split, heights as cars and vans have them."""

DIRECTIONS = 32
PIXELS = 0.8  # standard deviation of a residual: by how many pixels an outline may be off
YAW = np.radians(3.0)  # vehicles stand along the street, give or take this
EDGE = 3.5
"""An outline that ends this near to the edge of the frame, in pixels, goes on beyond it. Predicted
masks end a little before it; of 1.5, 2.5, 3.5 and 5 the best on val."""
ITERATIONS = 12
SAMPLES = 32
_ANGLES = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
_NORMALS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])  # (2, D)
_HALF = 0.5 * np.abs(_NORMALS).max(axis=0)  # from a pixel's centre to its edge

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

    corners: NDArray[np.float64]  # (4, 2) x, y in metres, in order round the rectangle
    samples: NDArray[np.float64]  # (S, 4, 2): others that agree with the mask about as well
    misfit: float  # root mean square of what outlines differ by, in `PIXELS`; above 2 to 3 no fit
    hidden: float  # share of the outline that something nearer, or the edge of the frame, cuts

    @property
    def centre(self) -> NDArray[np.float64]:
        """(2,) x, y in metres."""
        return self.corners.mean(axis=0)

    def certainty(self, zone: Zone, threshold: float) -> tuple[float, float, float]:
        """5th and 95th percentile of the samples' shares in a zone, and the share of samples, 0 to
        1, that reach the threshold."""
        shares = share_in(self.samples, zone)
        low, high = np.percentile(shares, [5, 95])
        return float(low), float(high), float(np.mean(shares >= threshold))


def share_in(corners: np.ndarray, zone: Zone) -> NDArray[np.float64]:
    """The share of each rectangle's area, (..., 4, 2) in metres, in a zone of the ground."""
    if zone.area is None:
        return np.zeros(np.shape(corners)[:-2])
    rectangles = shapely.polygons(corners)
    both = shapely.area(shapely.intersection(rectangles, zone.area))
    return both / np.maximum(shapely.area(rectangles), 1e-9)


def fit(
    seen: Iterable, class_names: Sequence[str], camera: Camera, nearer: Iterable
) -> tuple[Footprint | None, ...]:
    """Find the footprints whose vehicles look like the masks, or fill the boxes.

    All vehicles of a picture at once, which is several times as fast as one by one: `seen` is the
    visible part of each, (H, W) bool, or its box, (4,) ymin, xmin, ymax, xmax, and `nearer` what
    may stand before it, (H, W) bool. Names other than "van" count as cars. The camera has a matrix.
    None stands where nothing can be said: for an empty mask, or one above the horizon.
    """
    poses, result = [], [None] * len(class_names)
    for k, (each, name, near) in enumerate(zip(seen, class_names, nearer, strict=True)):
        target = (_of_box if np.ndim(each) == 1 else _of_mask)(each, near, camera.size)
        if target is None:
            continue
        low, high, lowest, middle = target
        means, spreads = map(np.array, SIZES.get(name, SIZES["car"]))
        prior, weight = np.array([0.0, 0.0, 0.0, *means]), [0.0, 0.0, 1 / YAW, *(1 / spreads)]
        # A start below the middle, half a car high, and one a metre behind the lowest row.
        below = camera.to_ground(middle, height=0.5 * prior[5])
        places = below, camera.to_ground(lowest) + np.array([0, 1.0])
        starts = [[*at, *prior[2:]] for at in places if np.isfinite(at).all() and at[1] < 120]
        known = low, high, prior, weight
        poses += [(k, start, flip, *known) for flip in (1.0, -1.0) for start in starts]
    if poses:
        owner, starts, *known = map(np.array, zip(*poses, strict=True))
        model = _Model(camera, *known)
        poses, cost, normal = model.minimise(starts)
        errors, corners = model.errors(poses), _rectangles(poses)
        for k in np.unique(owner):
            best = int(np.where(owner == k, cost, np.inf).argmin())
            asked = np.flatnonzero(np.isfinite(model.low[best]))
            misfit = float(np.sqrt(np.mean(errors[best, asked] ** 2)))
            hidden = float(np.mean((model.high > model.low + 0.5)[best, asked]))
            samples = _rectangles(_samples(poses[best], normal[best]))
            result[k] = Footprint(corners[best], samples, misfit, hidden)
    return tuple(result)


def _of_mask(mask: Mask, nearer: Mask, size: tuple[int, int]) -> tuple[np.ndarray, ...] | None:
    """How far (D,) pixels the outline reaches in each direction, at least and at most (-inf and inf
    where nothing is known), the middle of its lowest row, and the middle of it all, (2,) x, y."""
    rows, columns = np.nonzero(mask)
    if len(rows) < 6:
        return None
    hull = _hull(mask)
    reach = hull @ _NORMALS
    low = reach.max(axis=0) + _HALF
    extreme = hull[reach.argmax(axis=0)]
    at_edge = ((extreme < EDGE) | (extreme > np.array(size[::-1]) - EDGE)).any(axis=1)
    x, y = extreme.astype(int).T
    high = _hidden(np.where(at_edge, np.inf, low), grown(nearer)[y, x], nearer)
    pixels = np.stack([columns + 0.5, rows + 0.5], -1)
    lowest = pixels[rows == rows.max()].mean(axis=0)
    return low, high, lowest, pixels.mean(axis=0)


def _of_box(box: np.ndarray, nearer: Mask, size: tuple[int, int]) -> tuple[np.ndarray, ...] | None:
    """As `_of_mask`; four directions are known: right, down, left and up."""
    top, left, bottom, right = (float(side) for side in box)
    height, width = size
    if right - left < 2 or bottom - top < 2:
        return None
    low, high = np.full(DIRECTIONS, -np.inf), np.full(DIRECTIONS, np.inf)
    known = np.arange(4) * DIRECTIONS // 4
    low[known] = high[known] = right, bottom, -left, -top
    close, touched = grown(nearer), np.zeros(DIRECTIONS, bool)
    y = np.linspace(top, bottom - 1, 9).astype(int).clip(0, height - 1)
    x = np.linspace(left, right - 1, 9).astype(int).clip(0, width - 1)
    sides = close[y, x[-1]], close[y[-1], x], close[y, x[0]], close[y[0], x]
    touched[known] = np.mean(sides, axis=1) >= 0.5
    high = _hidden(high, touched, nearer)
    cut = np.array([right > width - EDGE, bottom > height - EDGE, left < EDGE, top < EDGE])
    high[known[cut]] = np.inf
    middle = (left + right) / 2
    return low, high, np.array([middle, bottom]), np.array([middle, (top + bottom) / 2])


def _hidden(high: np.ndarray, touched: np.ndarray, nearer: Mask) -> np.ndarray:
    """Where something nearer touches the outline, it may reach as far as that does."""
    if not touched.any():
        return high
    return np.where(touched, np.maximum(high, (_hull(nearer) @ _NORMALS).max(axis=0)), high)


def _hull(mask: Mask) -> np.ndarray:
    """Centres of the pixels at the corners of a mask's convex hull, (K, 2) x, y."""
    rows, columns = np.nonzero(mask)
    return cv2.convexHull(np.stack([columns, rows], -1).astype(np.int32))[:, 0] + 0.5


def grown(mask: Mask, pixels: int = 2) -> Mask:
    """A mask (H, W) and what is at most so many pixels beside it."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1,) * 2, np.uint8)) > 0


def _rectangles(poses: np.ndarray) -> np.ndarray:
    """Poses (B, 6) of x, y, yaw, length, width, height -> (B, 4, 2) corners on the ground."""
    half = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
    return _placed(half[None] * poses[:, None, [4, 3]], poses)


def _placed(points: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """(B, K, 2) metres in the vehicle's frame -> on the ground."""
    cos, sin = np.cos(poses[:, 2:3]), np.sin(poses[:, 2:3])
    x, y = points[..., 0], points[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], -1) + poses[:, None, :2]


@dataclass(frozen=True)
class _Model:
    """Bodies on the ground, seen by a camera: B poses at once, each against its own target."""

    camera: Camera
    flips: np.ndarray  # (B,) 1 with the nose away from us, -1 towards us
    low: np.ndarray  # (B, D) how far the outline reaches in each direction, in pixels, at least
    high: np.ndarray  # (B, D) at most
    prior: np.ndarray  # (B, 6) pose that is likely before anything was seen
    weights: np.ndarray  # (B, 6) one over the spread of each

    def surface(self, ground: np.ndarray) -> np.ndarray:
        """How high (..., 2) metres lie above the road: a kerb is a short ramp."""
        total, points = np.zeros(ground.shape[:-1]), shapely.points(ground)
        for zone in self.camera.zones:
            if zone.height and zone.area is not None:
                depth = shapely.distance(points, zone.area.exterior)
                depth *= np.where(shapely.intersects(zone.area, points), 1, -1)
                total = np.maximum(total, zone.height * np.clip(0.5 + depth / 0.24, 0, 1))
        return total

    def errors(self, poses: np.ndarray) -> np.ndarray:
        """Residuals of n B poses, (n B, D + 6): reach beyond the ends, and what the prior says."""
        row = np.repeat(np.arange(len(self.flips)), len(poses) // len(self.flips))
        low, high, flips = self.low[row], self.high[row], self.flips[row, None]
        flat = np.stack(np.broadcast_arrays(_BODY[:, 0], flips * _BODY[:, 1]), -1)
        ground = _placed(flat * poses[:, None, [4, 3]] / 2, poses)
        corners = self.surface(_rectangles(poses))  # (B, 4)
        u, v = np.moveaxis((flat + 1) / 2, -1, 0)
        shares = (1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v
        base = sum(corners[:, k : k + 1] * share for k, share in enumerate(shares))
        z = base + _BODY[:, 2] * poses[:, 5:6]
        matrix = self.camera.matrix
        world = np.concatenate([ground, z[..., None]], -1) @ matrix[:, :3].T + matrix[:, 3]
        image = world[..., :2] / np.maximum(world[..., 2:], 0.3)
        reach = (image @ _NORMALS).max(axis=1)
        residuals = (np.minimum(reach - low, 0) + np.maximum(reach - high, 0)) / PIXELS
        return np.concatenate([residuals, (poses - self.prior[row]) * self.weights[row]], 1)

    def minimise(self, poses: np.ndarray) -> tuple[np.ndarray, ...]:
        """Damped Gauss-Newton with Huber's cost, for all poses at once: poses (B, 6), their costs
        (B,) and the matrices of the normal equations (B, 6, 6)."""
        count, unknown = poses.shape
        steps = np.array([0.02, 0.02, 0.005, 0.02, 0.02, 0.02])
        damping = np.full(count, 0.1)
        current = self.errors(poses)
        cost = huber(2, current).sum(axis=1)
        for _ in range(ITERATIONS):
            moved = (poses[:, None] + np.diag(steps)[None]).reshape(-1, unknown)
            ahead = self.errors(moved).reshape(count, unknown, -1)
            slopes = (ahead - current[:, None]) / steps[None, :, None]
            pull = np.minimum(1, 2 / np.maximum(np.abs(current), 1e-9))  # Huber's weights
            normal = np.einsum("bpe,be,bqe->bpq", slopes, pull, slopes)
            gradient = np.einsum("bpe,be,be->bp", slopes, pull, current)
            diagonal = np.einsum("bpp->bp", normal)
            damped = normal + np.eye(unknown) * (damping[:, None] * diagonal + 1e-6)[:, None]
            tried = poses - np.linalg.solve(damped, gradient[..., None])[..., 0]
            errors = self.errors(tried)
            costs = huber(2, errors).sum(axis=1)
            better = costs < cost
            poses = np.where(better[:, None], tried, poses)
            current = np.where(better[:, None], errors, current)
            cost = np.where(better, costs, cost)
            damping = np.where(better, damping * 0.3, damping * 4)
            if not better.any() and damping.min() > 100:
                break
        return poses, cost, normal


def _samples(pose: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Poses drawn from the normal distribution that the fit ends in (Laplace's approximation)."""
    rng = np.random.default_rng(0)
    covariance = np.linalg.inv(normal + 1e-6 * np.eye(len(pose)))
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    spread = vectors * np.sqrt(np.clip(values, 0, 25))
    return pose + rng.standard_normal((SAMPLES, len(pose))) @ spread.T
