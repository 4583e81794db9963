"""Camera files: where a camera looks, and the zones in which nobody may park.

Introduced in lab 5. A camera file is JSON: the size of the pictures, the 3 x 4 camera matrix (or
only the 3 x 3 homography from the ground to the picture), and zones, each a polygon in the picture
(pixels) and, where the ground is known, on the ground (metres). Kerbside's cameras are such files,
an editor writes them, and everything that reads one checks it here: a zone that crosses itself or
lies outside the frame would quietly report nothing, or everything. Rests on NumPy and OpenCV.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import files
from helpers.errors import CourseError, explain
from helpers.masks import Mask, polygons_to_mask
from helpers.polygons import convex_parts

KINDS = ("sidewalk", "crossing", "hydrant", "bus_lane", "lane", "parking")
"""Of zones. A vehicle may wait in a `lane` or a `bus_lane`; only time tells that it is parked."""

Points = NDArray[np.float64]


class ZoneError(CourseError):
    """A camera file or one of its zones is missing, damaged or impossible."""


@dataclass(frozen=True, eq=False)
class Zone:
    """A part of the street, the same everywhere in it for somebody who wants to park."""

    name: str
    kind: str
    """One of `KINDS`."""
    no_parking: bool
    needs_time: bool
    """Vehicles may drive and wait here: one picture cannot tell an offence."""
    image: Points
    """(K, 2) x, y in pixels; (0, 0) is the upper left corner of the upper left pixel. No points:
    the zone is known on the ground, but out of the camera's sight."""
    ground: Points | None = None
    """(K, 2) x, y in metres; None where the ground was never measured."""
    height: float = 0.0
    """Of its surface above the road, in metres: a kerb's height for a sidewalk."""

    @cached_property
    def parts(self) -> tuple[Points, ...]:
        """The polygon on the ground in convex parts, counter-clockwise; none if it is not known."""
        return () if self.ground is None else tuple(convex_parts(self.ground))

    def mask(self, size: tuple[int, int]) -> Mask:
        """(H, W) bool: the pixels whose centres lie in the zone."""
        if not len(self.image):
            return np.zeros(size, bool)
        return polygons_to_mask([self.image], size)


@dataclass(frozen=True, eq=False)
class Camera:
    """A fixed camera as its file describes it; `read_camera` makes one."""

    name: str
    size: tuple[int, int]
    """Height and width of its pictures in pixels."""
    zones: tuple[Zone, ...]
    matrix: NDArray[np.float64] | None = None
    """(3, 4): from x, y, z in metres to the picture; None where only a homography is known."""
    homography: NDArray[np.float64] | None = None
    """(3, 3): from the ground, x and y in metres, to the picture; None if not calibrated."""

    @property
    def forbidden(self) -> tuple[Zone, ...]:
        """The no-parking zones."""
        return tuple(zone for zone in self.zones if zone.no_parking)

    def zone(self, name: str) -> Zone:
        """The zone of that name.

        Raises:
            ZoneError: there is none.
        """
        for zone in self.zones:
            if zone.name == name:
                return zone
        found = ", ".join(zone.name for zone in self.zones)
        raise ZoneError(explain(f"camera {self.name}", expected=f"a zone {name!r}", found=found))

    def to_image(self, points: np.ndarray) -> Points:
        """Projects points of the world into the picture.

        Args:
            points: (..., 2) x, y on the ground, or (..., 3) x, y, z, in metres.

        Returns:
            (..., 2) x, y in pixels; NaN for points behind the camera.
        """
        points = np.asarray(points, np.float64)
        projection = self.homography if points.shape[-1] == 2 else self.matrix
        if projection is None:
            expected = "a camera matrix" if points.shape[-1] == 3 else "a homography"
            raise ZoneError(explain(f"camera {self.name}", expected=expected, found="none"))
        ones = np.ones((*points.shape[:-1], 1))
        projected = np.concatenate([points, ones], -1) @ projection.T
        depth = np.where(projected[..., 2:] > 1e-6, projected[..., 2:], np.nan)
        return projected[..., :2] / depth

    def to_ground(self, points: np.ndarray, height: float = 0.0) -> Points:
        """The points of a plane, `height` metres above the road, that appear at these pixels.

        Args:
            points: (..., 2) x, y in pixels.
            height: of the plane; other than 0 needs a camera matrix.

        Returns:
            (..., 2) x, y in metres; NaN on and above the horizon.
        """
        if self.homography is None:
            do = "Add homography_ground_to_image to the camera file."
            raise ZoneError(
                explain(f"camera {self.name}", expected="a homography", found="none", do=do)
            )
        forward = self.homography.copy()
        if height:
            if self.matrix is None:
                expected = "a camera matrix, for a plane above the road"
                raise ZoneError(explain(f"camera {self.name}", expected=expected, found="none"))
            forward[:, 2] += height * self.matrix[:, 2]
        points = np.asarray(points, np.float64)
        rays = np.concatenate([points, np.ones((*points.shape[:-1], 1))], -1)
        ground = rays @ np.linalg.inv(forward).T
        # A point on the ground before the camera has a positive third coordinate when projected.
        ahead = (ground[..., 2:] * (ground @ forward[2])[..., None]) > 0
        ahead &= ground[..., 2:] > 0
        return ground[..., :2] / np.where(ahead, ground[..., 2:], np.nan)


# --- reading and writing ----------------------------------------------------------------------


def read_camera(path: str | os.PathLike) -> Camera:
    """Reads a camera file and checks every zone.

    Raises:
        ZoneError: no such file, no JSON, a field missing, or a zone that `zone_problems` refuses.
    """
    path = Path(path)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        do = "Kerbside's lie in data/kerbside/cameras; `python -m parking zones` draws one."
        raise ZoneError(
            explain(str(path), expected="a camera file", found="no such file", do=do)
        ) from error
    except (OSError, ValueError) as error:
        found = f"{type(error).__name__}: {error}"
        raise ZoneError(explain(str(path), expected="JSON of a camera", found=found)) from error
    try:
        camera = _camera(stored, path.stem)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ZoneError):
            raise
        expected = "width, height and zones, each with name, kind and polygon_image"
        found = f"{type(error).__name__}: {error}"
        raise ZoneError(explain(str(path), expected=expected, found=found)) from error
    check_zones(camera.zones, camera.size, where=str(path))
    return camera


def _camera(stored: dict, name: str) -> Camera:
    def array(key: str, shape: tuple[int, int]) -> np.ndarray | None:
        if stored.get(key) is None:
            return None
        values = np.asarray(stored[key], np.float64)
        if values.shape != shape or not np.isfinite(values).all():
            expected = f"{shape[0]} x {shape[1]} finite numbers"
            raise ZoneError(explain(key, expected=expected, found=f"shape {values.shape}"))
        return values

    matrix, homography = array("matrix", (3, 4)), array("homography_ground_to_image", (3, 3))
    if homography is None and matrix is not None:
        homography = matrix[:, [0, 1, 3]]
    size = (int(stored["height"]), int(stored["width"]))
    if min(size) < 1:
        raise ZoneError(explain("height and width", expected="at least 1", found=str(size)))
    zones = tuple(
        Zone(
            name=str(each["name"]),
            kind=str(each["kind"]),
            no_parking=bool(each.get("no_parking", each["kind"] != "parking")),
            needs_time=bool(each.get("needs_time", each["kind"] == "lane")),
            image=np.asarray(each["polygon_image"] or np.zeros((0, 2)), np.float64),
            ground=(
                np.asarray(each["polygon_ground"], np.float64)
                if each.get("polygon_ground") is not None
                else None
            ),
            height=float(each.get("height", 0.0)),
        )
        for each in stored["zones"]
    )
    return Camera(str(stored.get("camera", name)), size, zones, matrix, homography)


def write_camera(camera: Camera, path: str | os.PathLike) -> Path:
    """Writes a camera file, whole or not at all.

    Raises:
        ZoneError: a zone that `zone_problems` refuses.
    """
    check_zones(camera.zones, camera.size, where=f"camera {camera.name}")

    def plain(values: np.ndarray | None) -> list | None:
        return None if values is None else np.asarray(values).tolist()

    content = {
        "camera": camera.name,
        "width": camera.size[1],
        "height": camera.size[0],
        "matrix": plain(camera.matrix),
        "homography_ground_to_image": plain(camera.homography),
        "zones": [
            {
                "name": zone.name,
                "kind": zone.kind,
                "no_parking": zone.no_parking,
                "needs_time": zone.needs_time,
                "height": zone.height,
                "polygon_ground": plain(zone.ground),
                "polygon_image": plain(zone.image),
            }
            for zone in camera.zones
        ],
    }
    return files.write_text(path, json.dumps(content, indent=1) + "\n")


# --- checks -----------------------------------------------------------------------------------


def zone_problems(zone: Zone, size: tuple[int, int]) -> list[str]:
    """What is wrong with a zone, each as one sentence with all that `explain` asks for.

    Args:
        zone: as drawn or read.
        size: height and width of the camera's pictures.
    """
    name, problems = f"zone {zone.name!r}", []
    if zone.kind not in KINDS:
        do = f"Kinds are {', '.join(KINDS)}."
        problems.append(explain(name, expected="a known kind", found=repr(zone.kind), do=do))
    for what, points in (("polygon_image", zone.image), ("polygon_ground", zone.ground)):
        unseen = what == "polygon_image" and zone.ground is not None and points.shape == (0, 2)
        if points is not None and not unseen:
            problems += _polygon_problems(f"{name}, {what}", points)
    if problems or not len(zone.image):
        return problems
    height, width = size
    (left, top), (right, bottom) = zone.image.min(axis=0), zone.image.max(axis=0)
    found = f"x {left:.0f} to {right:.0f}, y {top:.0f} to {bottom:.0f}"
    expected = f"points in the frame, {width} x {height} pixels"
    slack = 1.0  # editors and projections round
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        do = "It lies outside the frame and could never report anything: draw it again."
        problems.append(explain(name, expected=expected, found=found, do=do))
    elif min(left, top) < -slack or right > width + slack or bottom > height + slack:
        do = "Cut it at the frame's edge, or check that the camera file belongs to this camera."
        problems.append(explain(name, expected=expected, found=found, do=do))
    return problems


def _polygon_problems(name: str, points: np.ndarray) -> list[str]:
    if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < 3:
        found = f"shape {points.shape}"
        return [explain(name, expected="three or more points x, y", found=found)]
    if not np.isfinite(points).all():
        return [explain(name, expected="finite numbers", found="NaN or infinity")]
    if crossing := _crossing(points):
        first, second = crossing
        do = "Draw the corners in order, once round the zone."
        found = f"side {first + 1} crosses side {second + 1}"
        return [explain(name, expected="sides that do not cross", found=found, do=do)]
    if cv2.contourArea(points.astype(np.float32)) < 1e-3:
        return [explain(name, expected="an area", found="all points on one line")]
    return []


def _crossing(points: np.ndarray) -> tuple[int, int] | None:
    """The first two sides that cross, counted from 0, or None."""
    count = len(points)

    def side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    for i in range(count):
        a, b = points[i], points[(i + 1) % count]
        for j in range(i + 2, count):
            if (j + 1) % count == i:
                continue  # neighbours share a corner
            c, d = points[j], points[(j + 1) % count]
            if side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
                return i, j
    return None


def check_zones(zones: Sequence[Zone], size: tuple[int, int], where: str = "zones") -> None:
    """Raises `ZoneError` with every problem of every zone, and if two share a name."""
    problems = [problem for zone in zones for problem in zone_problems(zone, size)]
    names = [zone.name for zone in zones]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found = f"{names.count(name)} called {name!r}"
        problems.append(explain("zones", expected="a name each", found=found))
    if problems:
        raise ZoneError(f"{where}: {' '.join(problems)}")
