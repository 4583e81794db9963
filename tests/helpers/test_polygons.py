"""Convex parts of polygons."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from helpers.polygons import convex_parts

SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4)]
ELL = [(0, 0), (6, 0), (6, 2), (2, 2), (2, 6), (0, 6)]
COMB = [
    (0, 0),
    (7, 0),
    (7, 5),
    (6, 5),
    (6, 1),
    (4, 1),
    (4, 5),
    (3, 5),
    (3, 1),
    (1, 1),
    (1, 5),
    (0, 5),
]


def area(points) -> float:
    return float(cv2.contourArea(np.asarray(points, np.float32)))


def least_turn(part) -> float:
    """Negative where a polygon turns right somewhere."""
    sides = np.roll(part, -1, 0) - part
    following = np.roll(sides, -1, 0)
    return float((sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]).min())


def contains(points, point) -> bool:
    outline = np.asarray(points, np.float32)
    return cv2.pointPolygonTest(outline, tuple(map(float, point)), measureDist=False) > 0


@pytest.mark.parametrize(("points", "most"), [(SQUARE, 1), (ELL, 2), (COMB, 6)])
@pytest.mark.parametrize("reverse", [False, True])
def test_parts_are_convex_and_cover_the_polygon_once(points, most, reverse):
    points = points[::-1] if reverse else points
    parts = convex_parts(np.array(points, float))
    assert len(parts) <= most
    assert all(least_turn(part) > -1e-6 for part in parts)
    assert sum(map(area, parts)) == pytest.approx(area(points))
    # Off every side and every diagonal between corners of whole numbers.
    x, y = np.meshgrid(np.arange(0.27, 8, 0.5), np.arange(0.21, 8, 0.5))
    grid = np.stack([x, y], -1).reshape(-1, 2)
    for point in grid:
        count = sum(contains(part, point) for part in parts)
        assert count == contains(points, point)


def test_random_stars_keep_their_area():
    rng = np.random.default_rng(0)
    for _ in range(40):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 14))
        if np.diff(np.append(angles, angles[0] + 2 * np.pi)).max() > 3:
            continue
        star = np.stack([np.cos(angles), np.sin(angles)], 1) * rng.uniform(0.3, 1, (14, 1)) * 50
        parts = convex_parts(star)
        assert sum(map(area, parts)) == pytest.approx(area(star), rel=1e-5)
        assert all(least_turn(part) > -1e-6 for part in parts)


def test_points_on_a_straight_side_do_no_harm():
    points = np.array([(0, 0), (2, 0), (4, 0), (4, 4), (2, 2), (0, 4)], float)
    parts = convex_parts(points)
    assert sum(map(area, parts)) == pytest.approx(area(points))
