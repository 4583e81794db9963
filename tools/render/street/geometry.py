"""Plane geometry of the Kerbside generator: footprints, zones and their overlaps.

Footprints are convex polygons on the ground and zones are convex too, so areas of overlap come
exactly from Sutherland-Hodgman clipping (Sutherland and Hodgman, 1974) and collisions from the
separating-axis theorem. Rests on NumPy alone.
"""

from __future__ import annotations

import math

import numpy as np


def oriented_rectangle(
    x: float, y: float, length: float, width: float, yaw: float
) -> np.ndarray:
    """Corners (4, 2), counter-clockwise, of a rectangle whose long side points along `yaw`.

    `yaw` is in radians; 0 looks along +y, as vehicles are modelled.
    """
    half = np.array(
        [(-width, -length), (width, -length), (width, length), (-width, length)]
    ) / 2
    return half @ rotation(yaw).T + (x, y)


def rotation(angle: float) -> np.ndarray:
    """The 2x2 matrix that turns plane vectors counter-clockwise by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([(c, -s), (s, c)])


def rectangle(x0: float, x1: float, y0: float, y1: float) -> tuple[tuple[float, float], ...]:
    """Corners of an axis-aligned rectangle, counter-clockwise."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def signed_area(polygon: np.ndarray) -> float:
    """Shoelace area of a polygon (N, 2); positive when counter-clockwise."""
    p = np.asarray(polygon, float)
    if len(p) < 3:
        return 0.0
    q = np.roll(p, -1, axis=0)
    return float((p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]).sum() / 2)


def clip_half_plane(polygon: np.ndarray, normal: np.ndarray, offset: float) -> np.ndarray:
    """The part of a polygon (N, D) where `point @ normal >= offset`; D is 2 or 3."""
    points = np.asarray(polygon, float)
    if len(points) == 0:
        return points
    side = points @ np.asarray(normal, float) - offset
    kept = []
    for i, point in enumerate(points):
        j = (i + 1) % len(points)
        if side[i] >= 0:
            kept.append(point)
        if side[i] * side[j] < 0:
            t = side[i] / (side[i] - side[j])
            kept.append(point + t * (points[j] - point))
    return np.array(kept).reshape(-1, points.shape[1])


def clip_convex(polygon: np.ndarray, window: np.ndarray) -> np.ndarray:
    """The part of a polygon inside a convex counter-clockwise `window`, exactly."""
    result, window = np.asarray(polygon, float), np.asarray(window, float)
    for a, b in zip(window, np.roll(window, -1, axis=0), strict=True):
        inward = np.array((a[1] - b[1], b[0] - a[0]))
        result = clip_half_plane(result, inward, float(a @ inward))
    return result


def overlap_share(footprint: np.ndarray, zone: np.ndarray) -> float:
    """Share of the footprint's area that lies inside the convex zone, in [0, 1]."""
    area = abs(signed_area(footprint))
    return abs(signed_area(clip_convex(footprint, zone))) / area if area else 0.0


def separation(a: np.ndarray, b: np.ndarray) -> float:
    """Gap in metres between two convex polygons along the best separating axis.

    Negative if they overlap. It never exceeds the true distance, so a gap of at least `m`
    guarantees a distance of at least `m`.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    best = -math.inf
    for polygon in (a, b):
        edges = np.roll(polygon, -1, axis=0) - polygon
        for ex, ey in edges:
            length = math.hypot(ex, ey)
            if length == 0:
                continue
            axis = np.array((ey, -ex)) / length
            pa, pb = a @ axis, b @ axis
            best = max(best, pb.min() - pa.max(), pa.min() - pb.max())
    return best


def smoothstep(t: float) -> float:
    """3t^2 - 2t^3, clamped to [0, 1]: a ramp with level ends."""
    t = min(1.0, max(0.0, t))
    return t * t * (3 - 2 * t)
