"""Plan of one street: all objects common to the scenes of one camera, and the zones.

`street_plan.make_layout` draws one. A plan decides, it does not build: no Blender here, so that
zones and placement can be tested anywhere. The street runs along y, the camera hangs near y = 0
and looks towards +y; x = 0 is the middle of the road.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .camera import Camera
from .geometry import rectangle, smoothstep

STREET_START, STREET_END = -25.0, 130.0
ZONE_REACH = 62.0  # metres; zones end here, where a car is some ten pixels wide
BAY_WIDTH = 2.15
BAY_LENGTH = 5.6
HYDRANT_REACH = 2.5  # metres to each side of the hydrant
LEFT, RIGHT = 0, 1


@dataclass(frozen=True)
class Zone:
    """A convex ground polygon with a rule.

    `needs_time` marks zones in which vehicles may pass or wait (the driving lanes), so that a
    single picture cannot show an offence.
    """

    name: str
    kind: str  # sidewalk, crossing, bus_lane, hydrant, lane or parking
    polygon: tuple[tuple[float, float], ...]
    height: float  # of the surface above the road, metres
    no_parking: bool
    needs_time: bool = False

    def points(self) -> np.ndarray:
        """Corners as world points (N, 3)."""
        return np.array([(x, y, self.height) for x, y in self.polygon])


@dataclass(frozen=True)
class Item:
    """A stationary object: its kind, position, rotation, size and colour."""

    kind: str
    x: float
    y: float
    z: float = 0.0
    yaw: float = 0.0
    scale: float = 1.0
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class House:
    """One facade of a row: its start along y, width and side of the street."""

    side: int
    y0: float
    width: float
    x: float
    seed: int


@dataclass
class Layout:
    """The finished plan of one street."""

    seed: int
    lane_width: float
    kerb: tuple[float, float]  # x of the left and right kerb face
    sidewalk_width: tuple[float, float]
    kerb_height: float
    parking: tuple[bool, bool]
    crossing: tuple[float, float]  # y from, to
    bus_lane: tuple[float, float, float, float] | None  # x0, x1, y0, y1
    hydrant: tuple[int, float] | None  # side and y
    side_street: tuple[int, float, float] | None  # side and y from, to
    solid_centre_line: bool
    slab_tint: tuple[float, float, float]
    ending: str  # what closes the view: row, park, towers or open
    camera_side: int
    camera: Camera
    houses: list[House] = field(default_factory=list)
    trees: list[Item] = field(default_factory=list)
    furniture: list[Item] = field(default_factory=list)
    lamps: list[Item] = field(default_factory=list)

    def enlarged(self, times: int) -> Layout:
        """The same street seen by a camera with `times` as many rows and columns of pixels."""
        width, height = times * self.camera.width, times * self.camera.height
        return replace(self, camera=replace(self.camera, width=width, height=height))

    def towards_kerb(self, side: int) -> int:
        """-1 for the left side, +1 for the right: the direction from road to houses."""
        return 1 if side == RIGHT else -1

    def in_side_street(self, side: int, y: float, margin: float = 0.0) -> bool:
        """Whether the sidewalk of that side is interrupted by the side street at y."""
        s = self.side_street
        return s is not None and s[0] == side and s[1] - margin < y < s[2] + margin

    def ground_height(self, x: float, y: float) -> float:
        """Height of the paved surface: 0 on the road, the kerb's height on a sidewalk."""
        for side in (LEFT, RIGHT):
            beyond = (x - self.kerb[side]) * self.towards_kerb(side)
            if beyond > -0.12 and not self.in_side_street(side, y):
                return self.kerb_height * smoothstep((beyond + 0.12) / 0.24)
        return 0.0

    def zones(self) -> list[Zone]:
        """All zones of the street, sidewalks cut where the side street leaves."""
        y0, y1 = STREET_START, ZONE_REACH
        zones = []
        for side, name in ((LEFT, "left"), (RIGHT, "right")):
            near = self.kerb[side]
            far = near + self.towards_kerb(side) * self.sidewalk_width[side]
            pieces = [(y0, y1)]
            if self.side_street and self.side_street[0] == side:
                pieces = [(y0, self.side_street[1]), (self.side_street[2], y1)]
            for i, (a, b) in enumerate(pieces):
                suffix = f"_{i + 1}" if len(pieces) > 1 else ""
                corners = rectangle(min(near, far), max(near, far), a, b)
                zones.append(
                    Zone(f"sidewalk_{name}{suffix}", "sidewalk", corners, self.kerb_height, True)
                )
        corners = rectangle(*self.kerb, *self.crossing)
        zones.append(Zone("crossing", "crossing", corners, 0.0, True))
        if self.bus_lane:
            zones.append(Zone("bus_lane", "bus_lane", rectangle(*self.bus_lane), 0.0, True))
        if self.hydrant:
            zones.append(Zone("hydrant", "hydrant", self.hydrant_bay(), 0.0, True))
        for name, x0, x1 in (
            ("lane_left", -self.lane_width, 0.0),
            ("lane_right", 0.0, self.lane_width),
        ):
            for i, (a, b) in enumerate(((y0, self.crossing[0]), (self.crossing[1], y1))):
                corners = rectangle(x0, x1, a, b)
                zones.append(Zone(f"{name}_{i + 1}", "lane", corners, 0.0, True, needs_time=True))
        for side, name in ((LEFT, "left"), (RIGHT, "right")):
            for i, (a, b) in enumerate(self.parking_stretches(side)):
                edge = self.towards_kerb(side) * self.lane_width
                corners = rectangle(min(edge, self.kerb[side]), max(edge, self.kerb[side]), a, b)
                zones.append(Zone(f"parking_{name}_{i + 1}", "parking", corners, 0.0, False))
        return zones

    def hydrant_bay(self) -> tuple[tuple[float, float], ...]:
        """Ground polygon that must stay free before the hydrant."""
        side, y = self.hydrant
        edge = self.kerb[side] - self.towards_kerb(side) * 2.1
        x0, x1 = sorted((edge, self.kerb[side]))
        return rectangle(x0, x1, y - HYDRANT_REACH, y + HYDRANT_REACH)

    def parking_stretches(self, side: int) -> list[tuple[float, float]]:
        """Where along y one may park on that side: clear of crossing, hydrant, corner, bus."""
        if not self.parking[side]:
            return []
        blocked = [(self.crossing[0] - 1.0, self.crossing[1] + 1.0)]
        if self.hydrant and self.hydrant[0] == side:
            y = self.hydrant[1]
            blocked.append((y - HYDRANT_REACH - 0.2, y + HYDRANT_REACH + 0.2))
        if self.side_street and self.side_street[0] == side:
            blocked.append((self.side_street[1] - 2.0, self.side_street[2] + 2.0))
        if self.bus_lane and side == RIGHT:
            blocked.append((self.bus_lane[2] - 1.0, ZONE_REACH))
        free, start = [], STREET_START
        for a, b in sorted(blocked):
            if a - start > BAY_LENGTH:
                free.append((start, a))
            start = max(start, b)
        if ZONE_REACH - start > BAY_LENGTH:
            free.append((start, ZONE_REACH))
        return free
