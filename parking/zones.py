"""Camera files: where a camera looks, and the zones in which nobody may park.

Introduced in lab 5. A camera file is JSON: the size of the pictures, the 3 x 4 camera matrix (or
only the 3 x 3 homography from the ground to the picture), and zones, each a polygon in the picture
(pixels) and, where the ground is known, on the ground (metres). Whatever a file says twice is
compared: a zone in feet, in per cent or of another camera would quietly report nothing, or
everything. Zones for a new camera are drawn in LabelMe, see `zones_from_labelme`.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from helpers import files
from helpers.errors import DataError, explain
from helpers.masks import Mask, polygons_to_mask

KINDS = ("sidewalk", "crossing", "hydrant", "bus_lane", "lane", "parking")
"""Kinds of zones. A vehicle may wait in a `lane`; only time tells that it is parked there."""

KERB = 0.13  # usual height of a sidewalk above the road in metres, for zones drawn in a picture
SMALLEST = 4.0  # least area of a zone in pixels; in shares of the picture none has even one

AGREEMENT = 0.5
"""Least IoU of a zone's polygon in the picture with its polygon on the ground, seen through the
camera. In all of Kerbside's camera files it is above 0.9."""

Points = NDArray[np.float64]


class ZoneError(DataError):
    """A camera file or one of its zones is impossible."""


@dataclass(frozen=True, eq=False)
class Zone:
    """A part of the street, the same everywhere in it for somebody who wants to park."""

    name: str
    kind: str  # one of `KINDS`
    no_parking: bool
    needs_time: bool  # vehicles may drive and wait here: one picture cannot tell an offence
    image: Points  # (K, 2) x, y in pixels from the frame's upper left corner; none: out of sight
    ground: Points | None = None  # (K, 2) x, y in metres; None where it was never measured
    height: float = 0.0  # of its surface above the road in metres: a kerb's for a sidewalk

    @cached_property
    def area(self) -> shapely.Polygon | None:
        """The polygon on the ground; None if it is not known."""
        return None if self.ground is None else shapely.Polygon(self.ground)

    def mask(self, size: tuple[int, int]) -> Mask:
        """Pixels whose centres lie in the zone, (H, W) bool."""
        return polygons_to_mask([self.image] if len(self.image) else [], size)


@dataclass(frozen=True, eq=False)
class Camera:
    """A fixed camera as its file describes it; `read_camera` makes one."""

    name: str
    size: tuple[int, int]  # height and width of its pictures in pixels
    zones: tuple[Zone, ...]
    matrix: NDArray[np.float64] | None = None  # (3, 4): x, y, z in metres to the picture
    homography: NDArray[np.float64] | None = None  # (3, 3): x, y on the ground to the picture

    @property
    def forbidden(self) -> tuple[Zone, ...]:
        """The no-parking zones."""
        return tuple(zone for zone in self.zones if zone.no_parking)

    def zone(self, name: str) -> Zone:
        """The zone of that name; a `ZoneError` if there is none."""
        named = {zone.name: zone for zone in self.zones}
        if name not in named:
            raise ZoneError(f"camera {self.name}", f"a zone {name!r}", ", ".join(named))
        return named[name]

    def to_image(self, points: np.ndarray) -> Points:
        """Points on the ground, (..., 2) x, y, or in space, (..., 3) x, y, z, in metres -> (..., 2)
        x, y in pixels; NaN behind the camera."""
        projection = self._needed(flat=np.shape(points)[-1] == 2)
        projected = points @ projection[:, :-1].T + projection[:, -1]
        depth = np.where(projected[..., 2:] > 1e-6, projected[..., 2:], np.nan)
        return projected[..., :2] / depth

    def to_ground(self, points: np.ndarray, height: float = 0.0) -> Points:
        """Pixels, (..., 2) x, y -> (..., 2) x, y in metres on a plane `height` metres above the
        road (other than 0 needs a camera matrix); NaN on and above the horizon."""
        forward = self._needed(flat=True).copy()
        if height:
            forward[:, 2] += height * self._needed(flat=False)[:, 2]
        backward = np.linalg.inv(forward)
        ground = points @ backward[:, :2].T + backward[:, 2]
        # A point on the ground before the camera has a positive third coordinate when projected.
        ahead = (ground[..., 2:] > 0) & (ground @ forward[2] > 0)[..., None]
        return ground[..., :2] / np.where(ahead, ground[..., 2:], np.nan)

    def _needed(self, flat: bool) -> np.ndarray:
        projection = self.homography if flat else self.matrix
        if projection is None:
            what = "a homography" if flat else "a camera matrix, for points above the road"
            raise ZoneError(f"camera {self.name}", what, "none", "Add it to the camera file.")
        return projection

    def drawn(self, name: str, kind: str, points: Points) -> Zone:
        """A zone of one of `KINDS` from its corners in the picture, (K, 2) x, y in pixels, measured
        on the ground if the camera can; a sidewalk is `KERB` above the road."""
        height, ground = KERB if kind == "sidewalk" else 0.0, None
        if self.homography is not None:
            ground = self.to_ground(points, height if self.matrix is not None else 0.0)
            ground = ground if np.isfinite(ground).all() else None
        return Zone(name, kind, kind != "parking", kind == "lane", points, ground, height)


def read_camera(path: str | Path) -> Camera:
    """Read a camera file and check every zone.

    Raises:
        DataError: The file is missing or is no JSON.
        ZoneError: It lacks a field, contradicts itself, or has a zone that `zone_problems` refuses.

    >>> [zone.name for zone in read_camera(kerbside.camera_file(3000)).forbidden][:4]
    ['sidewalk_left_1', 'sidewalk_left_2', 'sidewalk_right', 'crossing']
    """
    path = Path(path)
    stored = files.read_json(path, "a camera file")
    try:
        camera = _camera(stored, path.stem)
        check_camera(camera)
    except ZoneError as error:
        raise ZoneError(f"{path}: {error}") from error
    return camera


def _plain(value: Any) -> bool:
    """A finite number, and neither a yes or no nor one that no float holds."""
    return type(value) in (int, float) and abs(value) < 1e15


# What a field may be, in words and as a check: text for a number is refused, never converted.
TYPES = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    str: ("text", lambda value: isinstance(value, str)),
    list: ("a list", lambda value: isinstance(value, list)),
    float: ("a finite number", _plain),
    int: ("a whole number", lambda value: _plain(value) and value == int(value)),
}
_NEEDED = object()


def _take(stored: Any, key: str, kind: type, where: str, default: Any = _NEEDED) -> Any:
    if not isinstance(stored, dict):
        raise ZoneError(where, "an object", _short(stored))
    value, (expected, right) = stored.get(key, default), TYPES[kind]
    if value is _NEEDED:
        raise ZoneError(where, f"a field {key!r}", "none")
    if value is not default and not right(value):
        do = "Write it without quotes." if isinstance(value, str) else ""
        raise ZoneError(f"{where}, {key}", expected, _short(value), do)
    return value if value is default or kind is list else kind(value)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _rows(stored: Any, key: str, width: int, where: str, default: Any = _NEEDED) -> Points | None:
    """A list of rows of `width` numbers, as (K, width)."""
    rows = _take(stored, key, list, where, default)
    if rows is None:
        return None
    if not all(isinstance(r, list) and len(r) == width and all(map(_plain, r)) for r in rows):
        raise ZoneError(f"{where}, {key}", f"rows of {width} finite numbers", _short(rows))
    return np.array(rows, np.float64).reshape(-1, width)


ZONE_FIELDS = {
    **{each: each for each in ("name", "kind", "no_parking", "needs_time", "height")},
    "polygon_ground": "ground",
    "polygon_image": "image",
}
"""The fields of a zone in a camera file, and those of `Zone`."""


def _zone(stored: Any, where: str) -> Zone:
    name, kind = (_take(stored, key, str, where) for key in ("name", "kind"))
    where = f"zone {name!r}"
    for key in {*stored} - {*ZONE_FIELDS}:
        plain = re.sub(r"[^a-z]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower())
        if close := difflib.get_close_matches(plain, ZONE_FIELDS, 1, 0.85):
            raise ZoneError(where, f"fields {', '.join(ZONE_FIELDS)}", repr(key), f"{close[0]}?")
    return Zone(
        name=name,
        kind=kind,
        no_parking=_take(stored, "no_parking", bool, where, kind != "parking"),
        needs_time=_take(stored, "needs_time", bool, where, kind == "lane"),
        image=_rows(stored, "polygon_image", 2, where),
        ground=_rows(stored, "polygon_ground", 2, where, None),
        height=_take(stored, "height", float, where, 0.0),
    )


def _projection(stored: Any, key: str, width: int, size: tuple[int, int]) -> np.ndarray | None:
    """A matrix (3, width) to the picture, known up to a factor: its sign makes the ground at the
    picture's lower edge lie before the camera."""
    matrix = _rows(stored, key, width, "camera", None)
    if matrix is None:
        return None
    if len(matrix) != 3:
        raise ZoneError(key, f"3 x {width} finite numbers", f"{len(matrix)} rows")
    ground = matrix[:, [0, 1, -1]]
    if (rank := np.linalg.matrix_rank(ground)) < 3:
        raise ZoneError(key, "an inverse", f"rank {rank}")
    return -matrix if np.linalg.inv(ground)[2] @ (size[1] / 2, size[0], 1) < 0 else matrix


def _camera(stored: Any, name: str) -> Camera:
    size = tuple(_take(stored, key, int, "camera") for key in ("height", "width"))
    if not 1 <= min(size) <= max(size) <= 1 << 15:
        raise ZoneError("height and width", f"1 to {1 << 15} pixels", str(size))
    key = "homography_ground_to_image"
    for other in {*stored} - {key, "matrix"}:
        if re.search("(?i)homography|matrix", other):
            raise ZoneError(other, f"'matrix' or {key!r}", "a field of another name")
    matrix, homography = _projection(stored, "matrix", 4, size), _projection(stored, key, 3, size)
    if matrix is not None:
        ground = matrix[:, [0, 1, 3]]
        homography = ground if homography is None else homography
        scaled = homography * (np.linalg.norm(ground) / np.linalg.norm(homography))
        if not np.allclose(scaled, ground, atol=1e-3 * np.abs(ground).max()):
            raise ZoneError(key, "columns 1, 2 and 4 of the matrix", "another projection")
    listed = enumerate(_take(stored, "zones", list, "camera"), start=1)
    zones = tuple(_zone(each, f"zone {number}") for number, each in listed)
    if (units := stored.get("units")) not in (None, "pixels"):
        raise ZoneError("units", "'pixels' or none", _short(units))
    corners = np.concatenate([np.zeros((1, 2)), *(zone.image for zone in zones)])
    if units is None and 1 < corners.max() <= 100 < min(size) / 2:  # as per cent would be
        expected = f"pixels of a frame of {size[1]} x {size[0]}"
        do = 'If they are no per cent, add "units": "pixels" to the file.'
        raise ZoneError("polygon_image", expected, "all zones within the corner of 100 x 100", do)
    return Camera(str(stored.get("camera", name)), size, zones, matrix, homography)


def write_camera(camera: Camera, path: str | Path) -> Path:
    """Write a camera file, whole or not at all; a `ZoneError` for what `check_camera` refuses.

    >>> read_camera(write_camera(read_camera(kerbside.camera_file(3000)), "copy.json")).size
    (240, 320)
    """
    check_camera(camera)
    zones = [{key: getattr(z, name) for key, name in ZONE_FIELDS.items()} for z in camera.zones]
    size = {"width": camera.size[1], "height": camera.size[0], "units": "pixels"}
    known = {"matrix": camera.matrix, "homography_ground_to_image": camera.homography}
    content = {"camera": camera.name, **size, **known, "zones": zones}
    return files.write_text(path, json.dumps(content, indent=1, default=np.ndarray.tolist) + "\n")


def zones_from_labelme(path: str | Path, camera: Camera | None = None) -> Camera:
    """A camera with the zones that somebody drew over one of its frames in LabelMe.

    A label is the zone's kind, or kind and name. A known `camera` measures the zones on the ground
    and keeps those of its own that are not drawn anew; None makes one without calibration.

    Raises:
        ZoneError: Neither polygon nor rectangle, an unknown label, or not of the camera's size.

    >>> shape = {"label": "hydrant: bay", "points": [[9, 9], [99, 9], [99, 99]]}
    >>> drawn = json.dumps({"imageHeight": 240, "imageWidth": 320, "shapes": [shape]})
    >>> zones_from_labelme(files.write_text("frame.json", drawn)).zone("bay").kind
    'hydrant'
    """
    path = Path(path)
    stored = files.read_json(path, "LabelMe's file of a frame")
    size = tuple(_take(stored, key, int, str(path)) for key in ("imageHeight", "imageWidth"))
    camera = camera or Camera(path.stem, size, ())
    if size != tuple(camera.size):
        expected = f"{camera.size[1]} x {camera.size[0]} pixels as camera {camera.name} has"
        raise ZoneError(path, expected, f"{size[1]} x {size[0]}")
    drawn: list[Zone] = []
    for number, shape in enumerate(_take(stored, "shapes", list, str(path)), start=1):
        where = f"{path}, shape {number}"
        label, form = _take(shape, "label", str, where), shape.get("shape_type") or "polygon"
        kind, _, name = (part.strip() for part in label.partition(":"))
        if form not in ("polygon", "rectangle") or kind not in KINDS:
            expected = f"a polygon labelled KIND or KIND: NAME, with a kind of {', '.join(KINDS)}"
            raise ZoneError(where, expected, f"{form} {label!r}")
        points = _rows(shape, "points", 2, where)
        if form == "rectangle" and len(points) == 2:
            points = shapely.get_coordinates(shapely.box(*points.ravel()))[:-1]
        taken = {zone.name for zone in (*drawn, *camera.zones)}
        free = (each for k in itertools.count(1) if (each := f"{kind}_{k}") not in taken)
        drawn.append(camera.drawn(name or next(free), kind, points.clip((0, 0), size[::-1])))
    names = {zone.name for zone in drawn}
    kept = (zone for zone in camera.zones if zone.name not in names)
    camera = replace(camera, zones=(*drawn, *kept))
    check_camera(camera, f"{path}: ")
    return camera


def zone_problems(zone: Zone, camera: Camera) -> list[str]:
    """What is wrong with a zone of a camera, each as one sentence, as `explain` makes it."""
    return [*_shape_problems(zone, camera)] or [*_sight_problems(zone, camera)]


def _shape_problems(zone: Zone, camera: Camera) -> Iterator[str]:
    where = f"zone {zone.name!r}"
    if not zone.name.strip():
        yield explain(where, "a name", "none", "Reports call the zone by it.")
    if zone.kind not in KINDS:
        yield explain(where, "a known kind", repr(zone.kind), f"Kinds are {', '.join(KINDS)}.")
    calibrated = camera.homography is not None and zone.ground is not None
    unseen = calibrated and zone.image.shape == (0, 2)  # known on the ground, and out of sight
    both = {"polygon_image": None if unseen else zone.image, "polygon_ground": zone.ground}
    for key, points in both.items():
        if points is None:
            continue
        if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < 3:
            yield explain(f"{where}, {key}", "three or more points x, y", f"shape {points.shape}")
        elif not np.isfinite(points).all():
            yield explain(f"{where}, {key}", "finite numbers", "NaN or infinity")
        elif shapely.Polygon(points).convex_hull.area < 1e-3:
            yield explain(f"{where}, {key}", "an area", "all points on one line")
        elif not shapely.is_valid(polygon := shapely.Polygon(points)):
            do = "Draw the corners in order, once round the zone."
            found = re.sub(r"(\.\d)\d+", r"\1", shapely.is_valid_reason(polygon))
            yield explain(f"{where}, {key}", "sides that do not cross", found, do)


def _sight_problems(zone: Zone, camera: Camera) -> Iterator[str]:
    """Is the polygon in the picture where pictures are, and where the one on the ground is?"""
    where, (height, width) = f"zone {zone.name!r}", camera.size
    if len(zone.image):
        polygon, frame = shapely.Polygon(zone.image), shapely.box(0, 0, width, height)
        found = "x {0:.4g} to {2:.4g}, y {1:.4g} to {3:.4g}".format(*polygon.bounds)
        expected = f"points in the frame, {width} x {height} pixels"
        outside = not polygon.envelope.intersection(frame).area
        if outside or not polygon.within(frame.buffer(1.0, join_style="mitre")):  # editors round
            do = "Cut it at the frame's edge, or check that the camera file belongs to this camera."
            if outside:
                do = "It lies outside the frame and could never report anything: draw it again."
            yield explain(where, expected, found, do)
        elif polygon.area < SMALLEST:
            do = "Are these shares of the picture? Multiply them by its width and height."
            yield explain(where, f"at least {SMALLEST:g} pixels of the picture", found, do)
    if zone.area is None or camera.homography is None or (zone.height and camera.matrix is None):
        return  # nothing to compare with; without a matrix a kerb's shift is not known
    step = max(1.0, min(height, width) / 80)
    across, down = (np.arange(step / 2, side, step) for side in (width, height))
    pixels = np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)
    ground = camera.to_ground(pixels, zone.height)
    of_ground = shapely.contains_xy(zone.area, *np.nan_to_num(ground, nan=1e18).T)
    of_image = shapely.contains_xy(shapely.Polygon(zone.image), *pixels.T)
    either = np.count_nonzero(of_ground | of_image)
    alike = np.count_nonzero(of_ground & of_image) / max(either, 1)
    if either >= 16 and alike < AGREEMENT:  # fewer are too small or too far away to tell
        do = "Are both in the right order and unit (metres), and is the matrix this camera's?"
        expected = "polygon_ground, seen through the matrix, to lie where polygon_image lies"
        yield explain(where, expected, f"an IoU of {alike:.2f}", do)


def check_camera(camera: Camera, where: str = "") -> None:
    """Raise `ZoneError` with every problem of every zone, doubled names, or nothing to report."""
    problems = [each for zone in camera.zones for each in zone_problems(zone, camera)]
    names = [zone.name for zone in camera.zones]
    for name in sorted({name for name in names if names.count(name) > 1}):
        found = f"{names.count(name)} called {name!r}"
        problems.append(explain("zones", "a name each", found))
    if not any(len(zone.image) for zone in camera.forbidden):
        found = f"{len(names)} zones, none of them" if names else "no zone"
        expected = "at least one with no_parking in the picture"
        problems.append(explain("zones", expected, found))
    if problems:
        raise ZoneError(where + " ".join(problems))
