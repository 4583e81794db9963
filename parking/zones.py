"""Camera files: where a camera looks, and the zones in which nobody may park.

Introduced in lab 5. A camera file is JSON: the size of the pictures, the 3 x 4 camera matrix (or
only the 3 x 3 homography from the ground to the picture), and zones, each a polygon in the picture
(pixels) and, where the ground is known, on the ground (metres). Whatever a file says twice is
compared: a zone in feet, in per cent or of another camera would quietly report nothing, or
everything. Zones for a new camera are drawn in LabelMe, see `zones_from_labelme`. Polygons are
shapely's.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from helpers import files
from helpers.errors import CourseError, explain
from helpers.masks import Mask, polygons_to_mask

KINDS = ("sidewalk", "crossing", "hydrant", "bus_lane", "lane", "parking")
"""Kinds of zones. A vehicle may wait in a `lane` or a `bus_lane`; only time tells that it is
parked."""

KERB = 0.13
"""Usual height of a sidewalk above the road in metres, for zones drawn in a picture."""

SMALLEST = 4.0
"""Least area of a zone in the picture, in pixels. Zones in shares of the picture have less than
one."""

AGREEMENT = 0.5
"""Least IoU of a zone's polygon in the picture with its polygon on the ground, seen through the
camera. In all of Kerbside's camera files it is above 0.9."""

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
    """Height of its surface above the road in metres: a kerb's height for a sidewalk."""

    @cached_property
    def area(self) -> shapely.Polygon | None:
        """The polygon on the ground, counter-clockwise; None if it is not known."""
        if self.ground is None:
            return None
        return shapely.geometry.polygon.orient(shapely.Polygon(self.ground))

    def mask(self, size: tuple[int, int]) -> Mask:
        """Pixels whose centres lie in the zone, (H, W) bool."""
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
        """The zone of that name; a `ZoneError` if there is none."""
        named = {zone.name: zone for zone in self.zones}
        if name not in named:
            expected, found = f"a zone {name!r}", ", ".join(named)
            raise ZoneError(f"camera {self.name}", expected=expected, found=found)
        return named[name]

    def to_image(self, points: np.ndarray) -> Points:
        """Projects points of the world into the picture.

        Args:
            points: Points on the ground, (..., 2) x, y, or in space, (..., 3) x, y, z, in metres.

        Returns:
            (..., 2) x, y in pixels; NaN for points behind the camera.
        """
        points = np.asarray(points, np.float64)
        projection = self.homography if points.shape[-1] == 2 else self.matrix
        self._needs(projection, "a homography" if points.shape[-1] == 2 else "a camera matrix")
        ones = np.ones((*points.shape[:-1], 1))
        projected = np.concatenate([points, ones], -1) @ projection.T
        depth = np.where(projected[..., 2:] > 1e-6, projected[..., 2:], np.nan)
        return projected[..., :2] / depth

    def to_ground(self, points: np.ndarray, height: float = 0.0) -> Points:
        """Points of a plane, `height` metres above the road, that appear at these pixels.

        Args:
            points: Points in the picture, (..., 2) x, y in pixels.
            height: Height of the plane in metres; other than 0 needs a camera matrix.

        Returns:
            (..., 2) x, y in metres; NaN on and above the horizon.
        """
        self._needs(self.homography, "a homography")
        forward = self.homography.copy()
        if height:
            self._needs(self.matrix, "a camera matrix, for a plane above the road")
            forward[:, 2] += height * self.matrix[:, 2]
        points = np.asarray(points, np.float64)
        rays = np.concatenate([points, np.ones((*points.shape[:-1], 1))], -1)
        ground = rays @ np.linalg.inv(forward).T
        # A point on the ground before the camera has a positive third coordinate when projected.
        ahead = (ground[..., 2:] * (ground @ forward[2])[..., None]) > 0
        ahead &= ground[..., 2:] > 0
        return ground[..., :2] / np.where(ahead, ground[..., 2:], np.nan)

    def _needs(self, projection: np.ndarray | None, expected: str) -> None:
        if projection is None:
            do = "Add it to the camera file."
            where = f"camera {self.name}"
            raise ZoneError(where, expected=expected, found="none", do=do)

    def drawn(self, name: str, kind: str, points: Points, height: float | None = None) -> Zone:
        """A zone from a polygon in the picture, measured on the ground if the camera can.

        Args:
            name: Name of the zone.
            kind: One of `KINDS`.
            points: Corners in order, (K, 2) x, y in pixels.
            height: Height of its surface above the road in metres; by default `KERB` for a
                sidewalk and 0 for everything else.
        """
        if height is None:
            height = KERB if kind == "sidewalk" else 0.0
        ground = None
        if self.homography is not None:
            ground = self.to_ground(points, height if self.matrix is not None else 0.0)
        return Zone(
            name=name,
            kind=kind,
            no_parking=kind != "parking",
            needs_time=kind in ("lane", "bus_lane"),
            image=points,
            ground=ground if ground is not None and np.isfinite(ground).all() else None,
            height=height,
        )


# --- reading and writing ----------------------------------------------------------------------


def read_json(path: str | os.PathLike, expected: str) -> Any:
    """The content of a JSON file, with or without a byte order mark.

    Raises:
        ZoneError: The file is missing or is no JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        do = "Kerbside's lie in data/kerbside/cameras; zones are drawn in LabelMe."
        raise ZoneError(str(path), expected=expected, found="no such file", do=do) from error
    except (OSError, ValueError, RecursionError) as error:
        found = f"{type(error).__name__}: {error}"
        raise ZoneError(str(path), expected=f"JSON, {expected}", found=found) from error


def read_camera(path: str | os.PathLike) -> Camera:
    """Reads a camera file and checks every zone.

    Raises:
        ZoneError: The file is missing, is no JSON, lacks a field, contradicts itself, or has a
            zone that `zone_problems` refuses.
    """
    path = Path(path)
    stored = read_json(path, "a camera file")
    try:
        camera = _camera(stored, path.stem)
        _check_units(camera, stored.get("units"))
        check_camera(camera)
    except ZoneError as error:
        raise ZoneError(f"{path}: {error}") from error
    return camera


_MISSING = object()


def _take(stored: Any, key: str, kind: type, where: str, default: Any = _MISSING) -> Any:
    """A field of the right type: text for a number or a yes or no is refused, never converted."""
    names = {bool: "true or false", str: "text", float: "a finite number", int: "a whole number",
             list: "a list"}  # fmt: skip
    if not isinstance(stored, dict):
        raise ZoneError(where, expected="an object", found=_short(stored))
    value = stored.get(key, default)
    if value is _MISSING:
        raise ZoneError(where, expected=f"a field {key!r}", found="none")
    if value is default:
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    right = {
        bool: isinstance(value, bool),
        float: number and math.isfinite(value),
        int: number and math.isfinite(value) and value == int(value),
    }
    if not right.get(kind, isinstance(value, kind)):
        do = "Write it without quotes." if isinstance(value, str) and kind is not str else ""
        raise ZoneError(f"{where}, {key}", expected=names[kind], found=_short(value), do=do)
    return value if kind in (str, list) else kind(value)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _points(values: Any, where: str) -> Points:
    """A ring as (K, 2); the first point again at the end, as GIS writes it, is dropped."""
    try:
        points = np.array(values, np.float64).reshape(len(values), -1 if values else 2)
    except (ValueError, TypeError):
        points = np.zeros((1, 0))
    plain = all(type(v) in (int, float) for each in values for v in (
        each if isinstance(each, list) else [None]))  # fmt: skip
    if len(values) and (points.shape[1] != 2 or not plain):
        expected = "pairs of numbers x, y"
        raise ZoneError(where, expected=expected, found=_short(values))
    points = points.reshape(-1, 2)
    repeated = (points == np.roll(points, 1, axis=0)).all(axis=1)
    return points[~repeated] if len(points) > 1 else points


def _camera(stored: Any, name: str) -> Camera:
    def array(key: str, shape: tuple[int, int]) -> np.ndarray | None:
        values = _take(stored, key, list, "camera", None)
        if values is None:
            return None
        try:
            array = np.asarray(values, np.float64)
        except (ValueError, TypeError):
            array = np.zeros(0)
        if array.shape != shape or not np.isfinite(array).all():
            expected = f"{shape[0]} x {shape[1]} finite numbers"
            raise ZoneError(key, expected=expected, found=_short(values))
        return array

    size = tuple(_take(stored, key, int, "camera") for key in ("height", "width"))
    if min(size) < 1:
        raise ZoneError("height and width", expected="at least 1", found=str(size))
    matrix, homography = array("matrix", (3, 4)), array("homography_ground_to_image", (3, 3))
    if matrix is not None:
        of_matrix = matrix[:, [0, 1, 3]]
        homography = of_matrix if homography is None else homography
        scale = np.linalg.norm(of_matrix) / max(np.linalg.norm(homography), 1e-300)
        if not np.allclose(scale * homography, of_matrix, atol=1e-3 * np.abs(of_matrix).max()):
            expected = "columns 1, 2 and 4 of the matrix"
            found = "another projection"
            raise ZoneError("homography_ground_to_image", expected=expected, found=found)
    if homography is not None and np.linalg.matrix_rank(homography) < 3:
        found = f"rank {np.linalg.matrix_rank(homography)}"
        raise ZoneError("homography_ground_to_image", expected="an inverse", found=found)
    zones = []
    for number, each in enumerate(_take(stored, "zones", list, "camera"), start=1):
        where = f"zone {number}"
        zone_name, kind = (_take(each, key, str, where) for key in ("name", "kind"))
        where = f"zone {zone_name!r}"
        ground = _take(each, "polygon_ground", list, where, None)
        image = _take(each, "polygon_image", list, where)
        zones.append(
            Zone(
                name=zone_name,
                kind=kind,
                no_parking=_take(each, "no_parking", bool, where, kind != "parking"),
                needs_time=_take(each, "needs_time", bool, where, kind == "lane"),
                image=_points(image, f"{where}, polygon_image"),
                ground=None if ground is None else _points(ground, f"{where}, polygon_ground"),
                height=_take(each, "height", float, where, 0.0),
            )
        )
    return Camera(str(stored.get("camera", name)), size, tuple(zones), matrix, homography)


def write_camera(camera: Camera, path: str | os.PathLike) -> Path:
    """Writes a camera file, whole or not at all.

    Raises:
        ZoneError: A zone that `zone_problems` refuses; the file stays as it was.
    """
    check_camera(camera)

    def plain(values: np.ndarray | None) -> list | None:
        return None if values is None else np.asarray(values).tolist()

    content = {
        "camera": camera.name,
        "width": camera.size[1],
        "height": camera.size[0],
        "units": "pixels",
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


def zones_from_labelme(path: str | os.PathLike, camera: Camera | None = None) -> Camera:
    """A camera with the zones that somebody drew over one of its frames in LabelMe.

    The label of a polygon is the zone's kind, such as `hydrant`, or kind and name, `hydrant: bay`.

    Args:
        path: LabelMe's JSON.
        camera: The camera as it is known: its calibration measures the zones on the ground, and
            zones that are not drawn anew are kept. None makes one without calibration.

    Raises:
        ZoneError: Something else than polygons and rectangles with known labels, in a frame of the
            camera's size.
    """
    path = Path(path)
    stored = read_json(path, "LabelMe's file of a frame")
    size = tuple(_take(stored, key, int, str(path)) for key in ("imageHeight", "imageWidth"))
    camera = camera or Camera(path.stem, size, ())
    if size != tuple(camera.size):
        expected = f"{camera.size[1]} x {camera.size[0]} pixels as camera {camera.name} has"
        found = f"{size[1]} x {size[0]}"
        raise ZoneError(str(path), expected=expected, found=found)
    drawn: dict[str, Zone] = {}
    for number, shape in enumerate(_take(stored, "shapes", list, str(path)), start=1):
        where = f"{path}, shape {number}"
        label, form = _take(shape, "label", str, where), shape.get("shape_type", "polygon")
        kind, _, name = (part.strip() for part in label.partition(":"))
        if form not in ("polygon", "rectangle") or kind not in KINDS:
            expected = f"a polygon labelled KIND or KIND: NAME, with a kind of {', '.join(KINDS)}"
            raise ZoneError(where, expected=expected, found=f"{form} {label!r}")
        points = _points(_take(shape, "points", list, where), where)
        if form == "rectangle" and len(points) == 2:
            (left, top), (right, bottom) = points
            points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        if not name or name in drawn:
            taken = {*drawn, *(zone.name for zone in camera.zones)}
            numbered = (f"{kind}_{count}" for count in itertools.count(1))
            name = next(each for each in numbered if each not in taken)
        drawn[name] = camera.drawn(name, kind, points.clip((0, 0), size[::-1]))
    kept = tuple(zone for zone in camera.zones if zone.name not in drawn)
    camera = replace(camera, zones=(*drawn.values(), *kept))
    check_camera(camera, f"{path}: ")
    return camera


# --- checks -----------------------------------------------------------------------------------


def zone_problems(zone: Zone, camera: Camera) -> list[str]:
    """What is wrong with a zone, each as one sentence with all that `explain` asks for.

    Args:
        zone: The zone as drawn or read.
        camera: Its camera, for the size of the pictures and the calibration.
    """
    name, problems = f"zone {zone.name!r}", []
    if zone.kind not in KINDS:
        do = f"Kinds are {', '.join(KINDS)}."
        problems.append(explain(name, expected="a known kind", found=repr(zone.kind), do=do))
    for what, points in (("polygon_image", zone.image), ("polygon_ground", zone.ground)):
        unseen = what == "polygon_image" and zone.ground is not None and points.shape == (0, 2)
        if points is not None and not unseen:
            problems += _polygon_problems(f"{name}, {what}", points)
    return problems or _sight_problems(name, zone, camera) or _contradiction(name, zone, camera)


def _sight_problems(name: str, zone: Zone, camera: Camera) -> list[str]:
    """Is the polygon in the picture where pictures are?"""
    if not len(zone.image):
        return []
    height, width = camera.size
    (left, top), (right, bottom) = zone.image.min(axis=0), zone.image.max(axis=0)
    found = f"x {left:.4g} to {right:.4g}, y {top:.4g} to {bottom:.4g}"
    expected = f"points in the frame, {width} x {height} pixels"
    slack = 1.0  # editors and projections round
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        do = "It lies outside the frame and could never report anything: draw it again."
    elif min(left, top) < -slack or right > width + slack or bottom > height + slack:
        do = "Cut it at the frame's edge, or check that the camera file belongs to this camera."
    elif shapely.Polygon(zone.image).area < SMALLEST:
        expected = f"at least {SMALLEST:g} pixels of the picture"
        do = "Are these shares of the picture? Multiply them by its width and height."
    else:
        return []
    return [explain(name, expected=expected, found=found, do=do)]


def _polygon_problems(name: str, points: np.ndarray) -> list[str]:
    if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < 3:
        found = f"shape {points.shape}"
        return [explain(name, expected="three or more points x, y", found=found)]
    if not np.isfinite(points).all():
        return [explain(name, expected="finite numbers", found="NaN or infinity")]
    polygon = shapely.Polygon(points)
    if polygon.convex_hull.area < 1e-3:
        return [explain(name, expected="an area", found="all points on one line")]
    if not polygon.is_valid:
        do = "Draw the corners in order, once round the zone."
        found = re.sub(r"(\.\d)\d+", r"\1", shapely.is_valid_reason(polygon))
        return [explain(name, expected="sides that do not cross", found=found, do=do)]
    return []


def _contradiction(name: str, zone: Zone, camera: Camera) -> list[str]:
    """Does the polygon on the ground, seen through the camera, lie where the one drawn lies?"""
    if zone.area is None or camera.homography is None:
        return []
    if zone.height and camera.matrix is None:
        return []  # the kerb's shift cannot be computed
    height, width = camera.size
    step = max(1.0, min(height, width) / 80)
    across, down = (np.arange(step / 2, side, step) for side in (width, height))
    pixels = np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)
    ground = camera.to_ground(pixels, zone.height)
    known = np.isfinite(ground).all(axis=1)
    of_ground = np.zeros(len(pixels), bool)
    of_ground[known] = shapely.contains_xy(zone.area, *ground[known].T)
    of_image = np.zeros(len(pixels), bool)
    if len(zone.image):
        of_image = shapely.contains_xy(shapely.Polygon(zone.image), *pixels.T)
    either = np.count_nonzero(of_ground | of_image)
    if either < 16:
        return []  # too small or too far away to tell
    alike = np.count_nonzero(of_ground & of_image) / either
    if alike >= AGREEMENT:
        return []
    do = "Are both in the right order and unit (metres), and is the matrix this camera's?"
    expected = "polygon_ground, seen through the matrix, to lie where polygon_image lies"
    return [explain(name, expected=expected, found=f"an IoU of {alike:.2f}", do=do)]


def _check_units(camera: Camera, units: Any) -> None:
    """Per cent look like pixels of the upper left corner."""
    if units not in (None, "pixels"):
        raise ZoneError("units", expected="'pixels' or none", found=_short(units))
    drawn = [zone.image for zone in camera.zones if len(zone.image)]
    inside = drawn and 1 < np.concatenate(drawn).max() <= 100 < min(camera.size) / 2
    if inside and units is None:
        expected = f"pixels of a frame of {camera.size[1]} x {camera.size[0]}"
        do = 'If they are no per cent, add "units": "pixels" to the file.'
        found = "all zones within the corner of 100 x 100"
        raise ZoneError("polygon_image", expected=expected, found=found, do=do)


def check_camera(camera: Camera, where: str = "") -> None:
    """Raises `ZoneError` with every problem of every zone, doubled names, or nothing to report."""
    problems = [each for zone in camera.zones for each in zone_problems(zone, camera)]
    names = [zone.name for zone in camera.zones]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found = f"{names.count(name)} called {name!r}"
        problems.append(explain("zones", expected="a name each", found=found))
    if not camera.forbidden:
        found = f"{len(names)} zones, none of them" if names else "no zone"
        problems.append(explain("zones", expected="at least one with no_parking", found=found))
    if problems:
        raise ZoneError(where + " ".join(problems))
