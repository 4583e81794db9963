"""Positions of vehicles and people in one still, and the pose of vehicles on road and kerb.

`place_scene(layout, scene_seed)` draws vehicles in the situations that the case study is about
(parked in a bay, half or fully on the sidewalk, on the crossing, in the bus lane, before the
hydrant, double-parked, driving) and people, and rejects collisions and ambiguous cases: a legal
vehicle has almost no area in a no-parking zone, an illegal one a large share. Plain Python, no
Blender.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .geometry import oriented_rectangle, overlap_share, separation
from .layout import LEFT, RIGHT, ZONE_REACH, Layout, Zone
from .vehicle_specs import PAINTS, VAN_PAINTS, VEHICLES, VehicleSpec

#: Share of the footprint above which a standing vehicle counts as parked in a zone, and below
#: which it counts as clear of it. Placement leaves nothing in between.
IN_ZONE, CLEAR_OF_ZONE = 0.15, 0.03

#: mode -> (how often, zone kind it violates or None)
MODES: dict[str, tuple[float, str | None]] = {
    "parked": (9.0, None),
    "half_on_sidewalk": (1.6, "sidewalk"),
    "on_sidewalk": (0.8, "sidewalk"),
    "on_crossing": (0.8, "crossing"),
    "at_hydrant": (1.2, "hydrant"),
    "in_bus_lane": (1.4, "bus_lane"),
    "double_parked": (0.7, "lane"),
    "driving": (2.0, None),
}


@dataclass(frozen=True)
class VehicleState:
    """A vehicle at one moment: shape, paint, pose and whether it is stationary."""

    id: int
    kind: str
    paint: tuple[float, float, float]
    scale: float
    mode: str
    x: float
    y: float
    yaw: float  # radians; 0 looks along +y
    z: float = 0.0
    pitch: float = 0.0  # nose up is positive
    roll: float = 0.0  # right side down is positive
    standing: bool = True
    speed: float = 0.0  # metres a second

    @property
    def spec(self) -> VehicleSpec:
        """The measures of its shape."""
        return VEHICLES[self.kind]

    def footprint(self) -> np.ndarray:
        """The ground rectangle under the body, mirrors left out, (4, 2)."""
        spec = self.spec
        return oriented_rectangle(
            self.x, self.y, spec.length * self.scale, spec.width * self.scale, self.yaw
        )

    def contact(self) -> np.ndarray:
        """Where the tyres meet the ground: rear left, rear right, front right, front left."""
        return contact_points(self.spec, self.scale, self.x, self.y, self.yaw)


@dataclass(frozen=True)
class PersonState:
    """A person at one moment; `phase` is the gait, 0 to 3, or None when standing still."""

    id: int
    look: int
    phase: int | None
    x: float
    y: float
    z: float
    yaw: float
    scale: float
    colour: tuple[float, float, float]

    def footprint(self) -> np.ndarray:
        """A square of 0.5 m around the feet, (4, 2)."""
        return oriented_rectangle(self.x, self.y, 0.5, 0.5, self.yaw)


def contact_points(spec: VehicleSpec, scale: float, x: float, y: float, yaw: float) -> np.ndarray:
    """Ground points (4, 2) under the middles of the four tyres, counter-clockwise."""
    front, rear = spec.axles
    half = spec.track / 2
    local = np.array(((-half, rear), (half, rear), (half, front), (-half, front))) * scale
    c, s = math.cos(yaw), math.sin(yaw)
    return local @ np.array(((c, s), (-s, c))) + (x, y)


def rest(layout: Layout, spec: VehicleSpec, scale: float, x: float, y: float, yaw: float) -> dict:
    """Height, pitch and roll of a vehicle whose four tyres stand on road and kerb."""
    rear_left, rear_right, front_right, front_left = (
        layout.ground_height(px, py) for px, py in contact_points(spec, scale, x, y, yaw)
    )
    left, right = (rear_left + front_left) / 2, (rear_right + front_right) / 2
    front, rear = (front_left + front_right) / 2, (rear_left + rear_right) / 2
    wheelbase = (spec.axles[0] - spec.axles[1]) * scale
    return dict(
        z=(left + right) / 2 - (front - rear) / wheelbase * sum(spec.axles) * scale / 2,
        pitch=math.atan2(front - rear, wheelbase),
        roll=math.atan2(left - right, spec.track * scale),
    )


def zone_shares(footprint: np.ndarray, zones: Iterable[Zone]) -> dict[str, float]:
    """Share of the footprint in each zone it touches, by zone name."""
    shares = {zone.name: overlap_share(footprint, np.array(zone.polygon)) for zone in zones}
    return {name: share for name, share in shares.items() if share > 0}


def shares_by_kind(footprint: np.ndarray, zones: Iterable[Zone]) -> dict[str, float]:
    """Share of the footprint in all zones of a kind together."""
    total: dict[str, float] = {}
    for zone in zones:
        share = overlap_share(footprint, np.array(zone.polygon))
        total[zone.kind] = total.get(zone.kind, 0.0) + share
    return total


def draw_vehicle(rnd: random.Random) -> dict:
    """Kind, paint and scale of a vehicle."""
    specs = list(VEHICLES.values())
    spec = rnd.choices(specs, [s.weight for s in specs])[0]
    paints = VAN_PAINTS if spec.label == "van" else PAINTS
    return dict(kind=spec.kind, paint=rnd.choice(paints), scale=rnd.uniform(0.97, 1.03))


def place_scene(
    layout: Layout, scene_seed: int, first_id: int
) -> tuple[list[VehicleState], list[PersonState]]:
    """Vehicles (3 to 10 wanted) and people of one still."""
    rnd = random.Random(f"kerbside scene {layout.seed} {scene_seed}")
    zones = layout.zones()
    vehicles: list[VehicleState] = []
    wanted = rnd.randint(3, 10)
    for _ in range(400):
        if len(vehicles) == wanted:
            break
        car = _try_vehicle(layout, zones, rnd, first_id + len(vehicles))
        if car and all(separation(car.footprint(), v.footprint()) > 0.35 for v in vehicles):
            vehicles.append(car)
    people: list[PersonState] = []
    for _ in range(rnd.randint(1, 7)):
        person = draw_person(layout, rnd, first_id + len(vehicles) + len(people))
        solid = [v.footprint() for v in vehicles] + [p.footprint() for p in people]
        if all(separation(person.footprint(), other) > 0.1 for other in solid):
            people.append(person)
    return vehicles, people


def _try_vehicle(
    layout: Layout, zones: list[Zone], rnd: random.Random, vehicle_id: int
) -> VehicleState | None:
    """One draw; None when the street has no such place or the result would be ambiguous."""
    looks = draw_vehicle(rnd)
    spec = VEHICLES[looks["kind"]]
    mode = rnd.choices(list(MODES), [weight for weight, _ in MODES.values()])[0]
    pose = spot(layout, rnd, mode, spec.length * looks["scale"], spec.width * looks["scale"])
    if pose is None:
        return None
    x, y, yaw = pose
    moving = mode == "driving"
    state = VehicleState(
        vehicle_id, **looks, mode=mode, x=x, y=y, yaw=yaw, standing=not moving,
        speed=rnd.uniform(4, 9) if moving else 0.0,
        **rest(layout, spec, looks["scale"], x, y, yaw),
    )
    return state if verdict_is_clear(state, zones) and clear_of_furniture(
        layout, state.footprint()
    ) else None


def spot(
    layout: Layout, rnd: random.Random, mode: str, length: float, width: float
) -> tuple[float, float, float] | None:
    """Draw a pose (x, y, yaw) for a mode, or None if it is impossible in this street."""
    side = rnd.choice((LEFT, RIGHT))
    y = 7 + 38 * rnd.random() ** 1.3
    yaw = rnd.gauss(0, 0.02)
    if mode == "at_hydrant":
        if not layout.hydrant:
            return None
        side = layout.hydrant[0]
        y = layout.hydrant[1] + rnd.uniform(-1.5, 1.5)
    if mode == "in_bus_lane":
        if not layout.bus_lane:
            return None
        side, y = RIGHT, rnd.uniform(layout.bus_lane[2] + 1.5, 45)
    out = layout.towards_kerb(side)
    kerb = layout.kerb[side]
    x = kerb - out * (width / 2 + rnd.uniform(0.12, 0.38))
    if mode == "half_on_sidewalk":
        x = kerb - out * (width / 2 - rnd.uniform(0.5, 1.0))
        yaw = rnd.gauss(0, 0.03 if rnd.random() < 0.7 else 0.09)
    elif mode == "on_sidewalk":
        room = max(0.25, layout.sidewalk_width[side] - width - 0.5)
        x = kerb + out * (width / 2 + rnd.uniform(0.15, room))
        yaw = rnd.gauss(0, 0.05)
    elif mode == "on_crossing":
        y = rnd.uniform(layout.crossing[0] - 0.25 * length, layout.crossing[1] + 0.25 * length)
    elif mode == "double_parked":
        if not layout.parking[side]:
            return None
        x = out * (layout.lane_width - width / 2 - rnd.uniform(0.1, 0.4))
    elif mode == "driving":
        x = out * layout.lane_width * rnd.uniform(0.44, 0.56)
        y = 4 + 46 * rnd.random()
    if layout.in_side_street(side, y, length / 2 + 0.5):
        return None
    drives_away = side == RIGHT or (mode == "parked" and rnd.random() < 0.08)
    return x, y, yaw + (0.0 if drives_away else math.pi)


def verdict_is_clear(state: VehicleState, zones: list[Zone]) -> bool:
    """Whether footprint and mode agree, with a margin.

    Moving vehicles stay out of every zone except the lanes: a single picture cannot distinguish
    moving from standing vehicles, so only clips test this.
    """
    violated = MODES[state.mode][1]
    shares = shares_by_kind(state.footprint(), zones)
    if state.y > ZONE_REACH - 4:
        return False
    for kind in ("sidewalk", "crossing", "bus_lane", "hydrant"):
        share = shares.get(kind, 0.0)
        if kind == violated and share < IN_ZONE + 0.05:
            return False
        if kind != violated and violated in (None, "lane") and share > CLEAR_OF_ZONE:
            return False
        if kind != violated and CLEAR_OF_ZONE < share < IN_ZONE:
            return False
    if violated == "lane":
        return shares.get("lane", 0.0) > 0.6
    return state.mode != "parked" or shares.get("parking", 0.0) > 0.85


def clear_of_furniture(layout: Layout, outline: np.ndarray) -> bool:
    """Whether a footprint is clear of trees, lamps, bins and the camera's own pole."""
    x, y = outline.mean(axis=0)
    things = [*layout.trees, *layout.furniture, *layout.lamps]
    spots = [(t.x, t.y) for t in things] + [layout.camera.position[:2]]
    return all(
        separation(outline, oriented_rectangle(px, py, 0.4, 0.4, 0.0)) > 0.12
        for px, py in spots
        if abs(px - x) < 5 and abs(py - y) < 5
    )


def draw_person(layout: Layout, rnd: random.Random, person_id: int) -> PersonState:
    """Draw a person on the crossing (one in four) or on a sidewalk."""
    if rnd.random() < 0.25:
        x = rnd.uniform(layout.kerb[LEFT] + 0.3, layout.kerb[RIGHT] - 0.3)
        y = rnd.uniform(layout.crossing[0] + 0.4, layout.crossing[1] - 0.4)
        yaw = rnd.choice((-1, 1)) * math.pi / 2 + rnd.gauss(0, 0.1)
    else:
        side = rnd.choice((LEFT, RIGHT))
        inset = rnd.uniform(0.7, layout.sidewalk_width[side] - 0.45)
        x = layout.kerb[side] + layout.towards_kerb(side) * inset
        y = 6 + 34 * rnd.random() ** 1.2
        yaw = rnd.choice((0.0, math.pi)) + rnd.gauss(0, 0.2)
    return PersonState(
        person_id, rnd.randrange(8), None if rnd.random() < 0.25 else rnd.randrange(4),
        x, y, layout.ground_height(x, y), yaw, rnd.uniform(0.9, 1.06), rnd.choice(PAINTS),
    )
