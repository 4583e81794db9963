"""Polygons that are not convex, cut into parts that are.

Used by lab 5: people and networks draw zones of any shape, while OpenCV clips convex polygons only,
and says nothing when it is given another. Ear clipping (Meisters, 1975), then neighbours are joined
again as long as they stay convex (Hertel and Mehlhorn, 1983). Rests on NumPy alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def convex_parts(points: np.ndarray) -> list[Points]:
    """Cuts a polygon without crossing sides into convex ones.

    Args:
        points: (K, 2) x, y, in order round the polygon, either way.

    Returns:
        Polygons (K, 2), counter-clockwise where y points up, that together cover the same area and
        share no more than sides; the polygon itself if it is convex.
    """
    points = np.asarray(points, np.float64)
    if _area(points) < 0:
        points = points[::-1]
    whole = list(range(len(points)))
    if _is_convex(points, whole):
        return [points]
    parts = _joined(points, _triangles(points))
    return [points[part] for part in parts]


def _area(points: Points) -> float:
    x, y = points.T
    return 0.5 * float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def _turn(points: Points, a: int, b: int, c: int) -> float:
    """Positive where the way from a over b to c turns left."""
    (ax, ay), (bx, by), (cx, cy) = points[[a, b, c]]
    return float((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))


def _is_convex(points: Points, part: list[int]) -> bool:
    sides = np.roll(points[part], -1, axis=0) - points[part]
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    back = (sides * following).sum(axis=1) < 0
    return bool(((turns > 1e-9) | ((turns > -1e-9) & ~back)).all())


def _triangles(points: Points) -> list[list[int]]:
    """Cuts off one ear after the other: a corner whose triangle holds no other corner."""
    left, triangles = list(range(len(points))), []
    while len(left) > 3:
        for k in range(len(left)):
            a, b, c = left[k - 1], left[k], left[(k + 1) % len(left)]
            if _turn(points, a, b, c) <= 0:
                continue
            if not any(_inside(points, a, b, c, other) for other in left):
                break
        else:
            k = 0  # nothing but corners on one line is left
        triangles.append([left[k - 1], left[k], left[(k + 1) % len(left)]])
        del left[k]
    return [*triangles, left]


def _inside(points: Points, a: int, b: int, c: int, other: int) -> bool:
    if other in (a, b, c):
        return False
    return (
        _turn(points, a, b, other) >= 0
        and _turn(points, b, c, other) >= 0
        and _turn(points, c, a, other) >= 0
    )


def _joined(points: Points, parts: list[list[int]]) -> list[list[int]]:
    """Joins two parts that share a side, as long as the result is convex."""
    parts = list(parts)
    for first in range(len(parts)):
        k = first + 1
        while k < len(parts):
            union = _union(parts[first], parts[k])
            if union and _is_convex(points, union):
                parts[first] = union
                del parts[k]
                k = first + 1
            else:
                k += 1
        if first + 1 >= len(parts):
            break
    return parts


def _union(first: list[int], second: list[int]) -> list[int] | None:
    for a, b in zip(first, first[1:] + first[:1], strict=True):
        if a in second and second[(second.index(a) - 1) % len(second)] == b:
            # First from b round to a, then second from a round to b, without its two ends.
            start, other = first.index(b), second.index(a)
            turned = second[other:] + second[:other]
            return first[start:] + first[:start] + turned[1:-1]
    return None
