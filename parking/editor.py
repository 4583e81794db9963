"""Draws and edits the zones of a camera over one of its frames.

Introduced in lab 5. A zone is a polygon of a camera file; here its corners can be moved, added and
removed, and after every change the zones are checked as the analysis checks them. The editor is
made of ipywidgets, which Jupyter and Colab both have; without them, or where a notebook is only
re-executed, the same methods work from code and the same picture is drawn. Saving writes the whole
file or none. Rests on `parking.zones`.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.errors import explain
from helpers.masks import check_image
from parking.zones import (
    KINDS,
    Camera,
    Zone,
    ZoneError,
    check_zones,
    write_camera,
    zone_problems,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = {
    "sidewalk": ((0.90, 0.62, 0.0), "///"),
    "crossing": ((0.94, 0.89, 0.26), "xxx"),
    "hydrant": ((0.84, 0.37, 0.0), "ooo"),
    "bus_lane": ((0.80, 0.47, 0.65), "---"),
    "lane": ((0.34, 0.71, 0.91), "..."),
    "parking": ((0.0, 0.62, 0.45), ""),
}
"""Colour (Okabe and Ito, 2008) and hatching of each kind."""


class ZoneEditor:
    """The zones of a camera while they are being changed; `camera` gives them back, checked.

    >>> editor = ZoneEditor(frame, camera)
    >>> editor.add("loading_bay", "hydrant", [(40, 200), (90, 190), (95, 215), (42, 225)])
    >>> editor.move("loading_bay", 0, (44, 201))
    >>> editor.save("cameras/3000.json")
    """

    def __init__(self, image: np.ndarray, camera: Camera) -> None:
        """
        Args:
            image: (H, W, 3) uint8 RGB, a frame of that camera.
            camera: its size, calibration and the zones to begin with.

        Raises:
            ZoneError: the frame is of another size than the camera's pictures.
        """
        self.image = check_image(image)
        if self.image.shape[:2] != tuple(camera.size):
            expected = f"{camera.size[1]} x {camera.size[0]} pixels as camera {camera.name} has"
            found = f"{self.image.shape[1]} x {self.image.shape[0]}"
            raise ZoneError(explain("image", expected=expected, found=found))
        self._camera = camera
        self._zones = {zone.name: zone for zone in camera.zones}

    # --- changing zones -----------------------------------------------------------------------

    @property
    def zones(self) -> tuple[Zone, ...]:
        """As they are now, checked or not."""
        return tuple(self._zones.values())

    def add(self, name: str, kind: str, points: Any, *, height: float = 0.0) -> None:
        """A new zone, or another polygon for one that there is.

        Args:
            name: one that no other zone has.
            kind: one of `KINDS`.
            points: (K, 2) x, y in pixels, or that as JSON.
            height: of its surface above the road in metres.

        Raises:
            ZoneError: `points` are no list of pairs of numbers.
        """
        image = _points(points, name)
        zone = Zone(
            name=name,
            kind=kind,
            no_parking=kind != "parking",
            needs_time=kind in ("lane", "bus_lane"),
            image=image,
            height=height,
        )
        self._zones[name] = self._measured(zone)

    def remove(self, name: str) -> None:
        """Drops a zone."""
        self._zones.pop(self._zone(name).name)

    def move(self, name: str, corner: int, to: tuple[float, float]) -> None:
        """Moves a corner to x, y in pixels."""
        points = self._corners(name, corner)
        points[corner] = to
        self._put(name, points)

    def insert(self, name: str, corner: int) -> None:
        """A new corner half-way between one and the next."""
        points = self._corners(name, corner)
        middle = (points[corner] + points[(corner + 1) % len(points)]) / 2
        self._put(name, np.insert(points, corner + 1, middle, axis=0))

    def delete(self, name: str, corner: int) -> None:
        """Takes a corner away."""
        self._put(name, np.delete(self._corners(name, corner), corner, axis=0))

    def problems(self) -> list[str]:
        """What the analysis would refuse, a sentence each."""
        size = self._camera.size
        return [each for zone in self.zones for each in zone_problems(zone, size)]

    @property
    def camera(self) -> Camera:
        """The camera with the zones as they are now.

        Raises:
            ZoneError: a zone has a problem.
        """
        check_zones(self.zones, self._camera.size, f"camera {self._camera.name}")
        return replace(self._camera, zones=self.zones)

    def save(self, path: str | os.PathLike) -> Path:
        """Checks all zones and writes the camera file, whole or not at all.

        Raises:
            ZoneError: a zone has a problem; the file stays as it was.
        """
        return write_camera(self.camera, path)

    def _zone(self, name: str) -> Zone:
        if name not in self._zones:
            found = ", ".join(self._zones) or "none"
            raise ZoneError(explain("zone", expected=f"one called {name!r}", found=found))
        return self._zones[name]

    def _corners(self, name: str, corner: int) -> np.ndarray:
        points = self._zone(name).image.copy()
        if not 0 <= corner < len(points):
            expected = f"a corner from 0 to {len(points) - 1}"
            raise ZoneError(explain(f"zone {name!r}", expected=expected, found=str(corner)))
        return points

    def _put(self, name: str, points: np.ndarray) -> None:
        self._zones[name] = self._measured(replace(self._zone(name), image=points))

    def _measured(self, zone: Zone) -> Zone:
        """With the polygon on the ground that belongs to the one in the picture."""
        if self._camera.homography is None:
            return replace(zone, ground=None)
        height = zone.height if self._camera.matrix is not None else 0.0
        ground = self._camera.to_ground(zone.image, height)
        return replace(zone, ground=ground if np.isfinite(ground).all() else None)

    # --- showing them -------------------------------------------------------------------------

    def draw(self, axes: Axes, *, selected: str | None = None, corner: int | None = None) -> None:
        """The frame with its zones; the corners of `selected` are numbered."""
        from matplotlib.patches import Polygon

        height, width = self.image.shape[:2]
        axes.imshow(self.image, extent=(0, width, height, 0))
        axes.set(xlim=(0, width), ylim=(height, 0), xlabel="x in pixels", ylabel="y in pixels")
        for zone in self.zones:
            if not len(zone.image):
                continue
            colour, pattern = STYLES.get(zone.kind, ((1, 0, 0), "*"))
            wrong = bool(zone_problems(zone, self._camera.size))
            chosen = zone.name == selected
            axes.add_patch(
                Polygon(
                    zone.image,
                    facecolor=(*colour, 0.45 if chosen else 0.2),
                    edgecolor="red" if wrong else colour,
                    hatch=pattern,
                    linewidth=2.5 if chosen else 1.2,
                    linestyle="--" if wrong else "-",
                )
            )
            for number, (x, y) in enumerate(zone.image if chosen else ()):
                mark = {"color": "black" if number == corner else "white", "ha": "center"}
                box = {"boxstyle": "circle,pad=0.15", "facecolor": colour, "edgecolor": "black"}
                axes.text(x, y, str(number), va="center", fontsize=9, bbox=box, **mark)

    def widgets(self, path: str | os.PathLike) -> Any:
        """The editor for the mouse: an ipywidgets box to display in Jupyter or Colab.

        Args:
            path: where its button saves the camera file.

        Raises:
            ImportError: ipywidgets is not installed.
        """
        from parking.widgets import panel

        return panel(self, Path(path), KINDS)


def _points(points: Any, name: str) -> np.ndarray:
    try:
        values = json.loads(points) if isinstance(points, str) else points
        array = np.asarray(values, np.float64)
    except (ValueError, TypeError) as error:
        expected = "points such as [[40, 200], [90, 190], [95, 215]]"
        found = f"{str(points)[:60]!r}"
        raise ZoneError(explain(f"zone {name!r}", expected=expected, found=found)) from error
    if array.ndim != 2 or array.shape[1:] != (2,):
        found = f"shape {array.shape}"
        raise ZoneError(explain(f"zone {name!r}", expected="pairs x, y", found=found))
    return array
