"""The plan of one street: everything that stays put between the scenes of one camera.

`make_layout(camera_seed)` draws widths, kerbs, crossing, bus lane, hydrant bay, side street,
houses, trees, street furniture and the camera, and derives the zones from them. It decides, it
does not build: no Blender here, so that zones and placement can be tested anywhere. The street
runs along y, the camera hangs near y = 0 and looks towards +y; x = 0 is the middle of the road.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

import numpy as np

from . import HEIGHT, WIDTH
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

    `needs_time` marks zones where vehicles may pass or wait (the driving lanes), so that no
    single picture can tell an offence.
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
    """A thing that stands somewhere: its kind, place, turn, size and colour."""

    kind: str
    x: float
    y: float
    z: float = 0.0
    yaw: float = 0.0
    scale: float = 1.0
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class House:
    """One facade of a row: where it starts along y, how wide, which side of the street."""

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


def make_layout(camera_seed: int) -> Layout:
    """Draw the street of one camera; the same seed gives the same street."""
    rnd = random.Random(f"kerbside street {camera_seed}")
    lane = rnd.uniform(2.9, 3.4)
    parking = (rnd.random() < 0.8, rnd.random() < 0.8)
    bus = rnd.random() < 0.35
    kerb = (
        -lane - BAY_WIDTH * parking[LEFT],
        lane + (max(BAY_WIDTH * parking[RIGHT], 3.0) if bus else BAY_WIDTH * parking[RIGHT]),
    )
    sidewalk = (rnd.uniform(2.4, 4.2), rnd.uniform(2.4, 4.2))
    start = rnd.uniform(11, 20)
    crossing = (start, start + rnd.uniform(3.0, 4.2))
    bus_lane = (kerb[RIGHT] - 3.0, kerb[RIGHT], crossing[1] + 2.0, 58.0) if bus else None
    side = rnd.choice((LEFT, RIGHT))
    hydrant = None
    if not (bus and side == RIGHT) and rnd.random() < 0.9:
        hydrant = (side, crossing[1] + rnd.uniform(4.5, 13))
    side_street = None
    if rnd.random() < 0.45:
        corner_side = LEFT if bus else rnd.choice((LEFT, RIGHT))
        y = rnd.uniform(crossing[1] + 18.5, 50)
        side_street = (corner_side, y, y + rnd.uniform(5.5, 7.5))
    camera_side = rnd.choice((LEFT, RIGHT))
    layout = Layout(
        seed=camera_seed,
        lane_width=lane,
        kerb=kerb,
        sidewalk_width=sidewalk,
        kerb_height=rnd.uniform(0.10, 0.15),
        parking=parking,
        crossing=crossing,
        bus_lane=bus_lane,
        hydrant=hydrant,
        side_street=side_street,
        solid_centre_line=rnd.random() < 0.3,
        slab_tint=rnd.choice(
            ((1, 1, 1), (1.1, 1.0, 0.9), (0.85, 0.85, 0.9), (1.25, 1.1, 1.0), (0.95, 1.0, 0.95))
        ),
        ending=rnd.choice(("row", "park", "towers", "open")),
        camera_side=camera_side,
        camera=_draw_camera(rnd, kerb, lane, camera_side),
    )
    _draw_houses(layout, rnd)
    _draw_trees(layout, rnd)
    _draw_furniture(layout, rnd)
    return layout


def _draw_camera(
    rnd: random.Random, kerb: tuple[float, float], lane: float, side: int
) -> Camera:
    x = kerb[side] + (0.6 if side == RIGHT else -0.6)
    return Camera(
        position=(x, 0.0, rnd.uniform(4.0, 6.5)),
        target=(rnd.uniform(-0.85, 0.85) * lane, rnd.uniform(12.5, 19), 0.6),
        roll=rnd.gauss(0, 0.012),
        field_of_view=math.radians(rnd.uniform(50, 74)),
        width=WIDTH,
        height=HEIGHT,
    )


def _draw_houses(layout: Layout, rnd: random.Random) -> None:
    for side in (LEFT, RIGHT):
        out = layout.towards_kerb(side)
        x = layout.kerb[side] + out * layout.sidewalk_width[side]
        y = STREET_START + rnd.uniform(3, 9)
        corner = layout.side_street
        if corner and corner[0] != side:
            corner = None
        while y < 118:
            width = rnd.uniform(8, 18)
            if corner and y < corner[2] and y + width > corner[1] - 1.5:
                width = corner[1] - 1.5 - y
                if width > 3:
                    layout.houses.append(House(side, y, width, x, rnd.randrange(10**6)))
                y, corner = corner[2] + 1.5, None
                continue
            setback = out * rnd.choice((0.0, 0.0, 0.0, 0.6))
            layout.houses.append(House(side, y, width, x + setback, rnd.randrange(10**6)))
            y += width + (rnd.uniform(2, 6) if rnd.random() < 0.12 else 0.01)


def _draw_trees(layout: Layout, rnd: random.Random) -> None:
    for side in (LEFT, RIGHT):
        if rnd.random() > 0.75:
            continue
        x = layout.kerb[side] + layout.towards_kerb(side) * 0.75
        family = rnd.choice(("round", "round", "column", "birch"))
        y = rnd.uniform(16, 23) if side == layout.camera_side else rnd.uniform(7, 14)
        while y < 80:
            clear = not layout.crossing[0] - 2 < y < layout.crossing[1] + 2
            if layout.hydrant and layout.hydrant[0] == side:
                clear &= abs(y - layout.hydrant[1]) > 1.5
            if clear and not layout.in_side_street(side, y, 1.5):
                tint = (rnd.uniform(0.7, 1.5), rnd.uniform(0.8, 1.1), rnd.uniform(0.7, 1.0))
                kind = f"tree_{family}_{rnd.randrange(3)}"
                layout.trees.append(
                    Item(
                        kind, x, y, layout.kerb_height, rnd.uniform(0, 6.28),
                        rnd.uniform(0.65, 1.0), tint,
                    )
                )
            y += rnd.uniform(6, 14)


def _draw_furniture(layout: Layout, rnd: random.Random) -> None:
    z = layout.kerb_height
    taken = [(t.x, t.y) for t in layout.trees]

    def stand(kind: str, side: int, y: float, inset: float, yaw: float = 0.0, colour=(1, 1, 1)):
        """Put a thing `inset` metres behind the kerb unless something is there already."""
        x = layout.kerb[side] + layout.towards_kerb(side) * inset
        crowded = any(math.hypot(x - a, y - b) < 1.1 for a, b in taken)
        if crowded or layout.in_side_street(side, y, 0.8):
            return
        taken.append((x, y))
        layout.furniture.append(Item(kind, x, y, z, yaw, 1.0, colour))

    if layout.hydrant:
        side, y = layout.hydrant
        stand("hydrant", side, y, 0.45, 0.0, rnd.choice(((0.6, 0.03, 0.02), (0.75, 0.5, 0.03))))
    lamp_side = rnd.choice((LEFT, RIGHT))
    y = rnd.uniform(6, 18) + 9 * (lamp_side == layout.camera_side)
    while y < 90:
        x = layout.kerb[lamp_side] + layout.towards_kerb(lamp_side) * 0.35
        if not layout.in_side_street(lamp_side, y, 0.5):
            layout.lamps.append(Item("lamp", x, y, z, math.pi if lamp_side == RIGHT else 0.0))
            taken.append((x, y))
        y += 22
    red, blue = (0.5, 0.02, 0.02), (0.02, 0.06, 0.4)
    for side in (LEFT, RIGHT):
        edge = layout.crossing[0] - 0.6 if side == LEFT else layout.crossing[1] + 0.6
        for y in (edge, rnd.uniform(8, 45), rnd.uniform(8, 45)):
            if rnd.random() < 0.6:
                stand("sign", side, y, 0.3, 0.0, rnd.choice((red, blue)))
        wall = layout.sidewalk_width[side] - 0.45
        for _ in range(rnd.randint(0, 3)):
            colour = rnd.choice(((0.02, 0.09, 0.03), (0.03, 0.03, 0.03), (0.25, 0.17, 0.02),
                                 (0.02, 0.05, 0.18)))
            stand("bin", side, rnd.uniform(6, 40), wall, rnd.gauss(0, 0.15), colour)
        if rnd.random() < 0.5:
            stand("litter_bin", side, rnd.uniform(7, 35), 0.5, 0.0, (0.03, 0.1, 0.06))
        if rnd.random() < 0.4:
            stand("cabinet", side, rnd.uniform(8, 40), wall, 0.0, (0.25, 0.27, 0.25))
        if rnd.random() < 0.4:
            stand("bench", side, rnd.uniform(8, 32), wall, math.pi / 2 - math.pi * side)
        if rnd.random() < 0.5:
            y = rnd.uniform(7, 34)
            for k in range(rnd.randint(1, 3)):
                colour = rnd.choice(((0.3, 0.02, 0.02), (0.02, 0.02, 0.02), (0.03, 0.1, 0.2)))
                stand("bicycle", side, y + 1.2 * k, wall - 0.6, rnd.uniform(1.2, 1.9), colour)
        if rnd.random() < 0.35:
            y = rnd.uniform(7, 30)
            for k in range(rnd.randint(2, 4)):
                stand("bollard", side, y + 1.8 * k, 0.25)
        if rnd.random() < 0.3:
            stand("planter", side, rnd.uniform(8, 36), wall, 0.0, (0.5, 0.9, 0.5))
