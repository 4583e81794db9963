"""Traffic of a clip: who drives, waits, unloads or parks where, with ground truth.

Every actor follows a trajectory that is a function of time. Actors are drawn one after another, and
a draw whose footprint comes closer than a margin to another actor at any of 8 moments per frame is
rejected, so there are no collisions. Plain Python, no Blender.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np

from .events import DWELL_LIMIT, PersonTrack, Traffic, VehicleTrack, find_events
from .geometry import oriented_rectangle, separation
from .layout import LEFT, RIGHT, Layout
from .motion import ENTER, LEAVE, Motion, Pose, Walk, drive_and_stop
from .placement import (
    PersonState,
    VehicleState,
    clear_of_furniture,
    draw_vehicle,
    rest,
    spot,
    verdict_is_clear,
)
from .vehicle_specs import PAINTS, VEHICLES

SUBSTEPS = 8  # moments per frame at which actors are kept apart
MARGIN = 0.3  # metres between footprints
ILLEGAL = ("half_on_sidewalk", "on_sidewalk", "on_crossing", "at_hydrant", "in_bus_lane",
           "double_parked")
BRIEF = ("half_on_sidewalk", "at_hydrant", "in_bus_lane", "double_parked")


def make_traffic(layout: Layout, seed: int, frames: int, fps: int, first_id: int) -> Traffic:
    """Draw the traffic of a clip; the same seed gives the same clip."""
    rnd = random.Random(f"kerbside clip {layout.seed} {seed}")
    stage = _Stage(layout, rnd, frames, fps, first_id)
    for _ in range(rnd.randint(2, 4)):
        stage.try_actor("parked", _parked)
    if rnd.random() < 0.5:
        stage.try_actor("parked_illegally", _parked_illegally)
    stage.try_crossing_people()
    stage.try_actor("waiting", _wait_at_crossing)
    script = [("illegal_parking", _stop_and_stay)] * rnd.choice((1, 2, 2))
    script += [("brief_stop", _stop_and_go)] * rnd.choice((1, 1, 2))
    script += [("drive_through", _drive_through)] * rnd.randint(2, 4)
    script += [("legal_parking", _park_legally)] * rnd.choice((0, 1))
    for behaviour, draw in script:
        stage.try_actor(behaviour, draw)
    for _ in range(rnd.randint(1, 4)):
        stage.try_walker()
    vehicles = tuple(stage.vehicles)
    events = tuple(find_events(vehicles, layout.zones(), fps))
    return Traffic(fps, frames, vehicles, tuple(stage.people), events)


class _Stage:
    """The clip while it is being drawn."""

    def __init__(self, layout: Layout, rnd: random.Random, frames: int, fps: int, first_id: int):
        self.layout, self.rnd, self.frames, self.fps = layout, rnd, frames, fps
        self.duration = frames / fps
        self.zones = layout.zones()
        self.next_id = first_id
        self.vehicles: list[VehicleTrack] = []
        self.people: list[PersonTrack] = []
        self.outlines: list[list[np.ndarray | None]] = []  # per actor, per substep

    def moments(self) -> list[float]:
        step = 1 / self.fps / SUBSTEPS
        return [k * step for k in range(self.frames * SUBSTEPS)]

    def try_actor(self, behaviour: str, draw: Callable, tries: int = 40) -> bool:
        """Add one vehicle whose trajectory touches nobody, if a draw succeeds."""
        for _ in range(tries):
            looks = draw_vehicle(self.rnd)
            motion = draw(self, looks)
            if motion is None:
                continue
            poses = [motion(t) for t in self.moments()]
            if not any(pose and 6 < pose[1] < 55 for pose in poses[::SUBSTEPS]):
                continue
            spec, scale = VEHICLES[looks["kind"]], looks["scale"]
            length, width = spec.length * scale, spec.width * scale
            outlines = [p and oriented_rectangle(p[0], p[1], length, width, p[2]) for p in poses]
            if self._free(outlines) and self._off_road_is_clear(outlines):
                states = (self._state(behaviour, looks, pose) for pose in poses[::SUBSTEPS])
                self.vehicles.append(VehicleTrack(self.next_id, behaviour, tuple(states)))
                self.outlines.append(outlines)
                self.next_id += 1
                return True
        return False

    def _state(self, behaviour: str, looks: dict, pose: Pose) -> VehicleState | None:
        if pose is None:
            return None
        x, y, yaw, speed = pose
        return VehicleState(
            self.next_id, **looks, mode=behaviour, x=x, y=y, yaw=yaw,
            standing=speed < 0.05, speed=speed,
            **rest(self.layout, VEHICLES[looks["kind"]], looks["scale"], x, y, yaw),
        )

    def _free(self, outlines: list[np.ndarray | None]) -> bool:
        for other in self.outlines:
            for a, b in zip(outlines, other, strict=True):
                if a is None or b is None:
                    continue
                gap = np.abs(a.mean(axis=0) - b.mean(axis=0)).max()
                if gap < 8 and separation(a, b) < MARGIN:
                    return False
        return True

    def _off_road_is_clear(self, outlines: list[np.ndarray | None]) -> bool:
        """Whether no tree or lamp stands in the way; only poses near a kerb can meet one."""
        edge = min(abs(k) for k in self.layout.kerb) - 0.3
        near = [o for o in outlines if o is not None and abs(o[:, 0]).max() > edge]
        return all(clear_of_furniture(self.layout, o) for o in near[::3])

    def target(self, modes: tuple[str, ...], looks: dict) -> tuple[float, float, int] | None:
        """A place (x, y, side) to stop at, unambiguous in its zone."""
        spec = VEHICLES[looks["kind"]]
        mode = self.rnd.choice(modes)
        pose = spot(self.layout, self.rnd, mode, spec.length * looks["scale"],
                    spec.width * looks["scale"])
        if pose is None or not 8 < pose[1] < 40:
            return None
        x, y, _ = pose
        side = RIGHT if x > 0 else LEFT
        yaw = 0.0 if side == RIGHT else math.pi
        state = VehicleState(0, **looks, mode=mode, x=x, y=y, yaw=yaw)
        if not verdict_is_clear(state, self.zones) or not clear_of_furniture(
            self.layout, state.footprint()
        ):
            return None
        return x, y, side

    def try_crossing_people(self) -> None:
        """One or two people who cross, one after the other, somewhere in the clip."""
        y0, y1 = self.layout.crossing
        for _ in range(self.rnd.randint(1, 2)):
            start = self.rnd.uniform(2, self.duration - 9)
            y, way = self.rnd.uniform(y0 + 0.6, y1 - 0.6), self.rnd.choice((-1, 1))
            begin = self.layout.kerb[LEFT if way > 0 else RIGHT] - way * 1.6
            span = abs(self.layout.kerb[RIGHT] - self.layout.kerb[LEFT]) + 3.2
            self._try_person(Walk(begin, y, way, 0, start, 1.35, span))

    def try_walker(self) -> None:
        """Somebody who walks along a sidewalk."""
        for _ in range(20):
            side = self.rnd.choice((LEFT, RIGHT))
            inset = self.rnd.uniform(0.9, self.layout.sidewalk_width[side] - 0.4)
            x = self.layout.kerb[side] + self.layout.towards_kerb(side) * inset
            walk = Walk(x, self.rnd.uniform(4, 40), 0, self.rnd.choice((-1, 1)),
                         0.0, self.rnd.uniform(1.0, 1.5), 200.0)
            if self._try_person(walk):
                return

    def _try_person(self, walk: Walk) -> bool:
        look, scale = self.rnd.randrange(8), self.rnd.uniform(0.9, 1.06)
        colour = self.rnd.choice(PAINTS)
        states = []
        for t in self.moments():
            x, y, walked = walk.at(t)
            phase = int(walked / 0.36) % 4 if 0 < walked < walk.span else None
            yaw = math.atan2(-walk.dx, walk.dy)
            z = self.layout.ground_height(x, y)
            states.append(PersonState(self.next_id, look, phase, x, y, z, yaw, scale, colour))
        outlines = [s.footprint() for s in states]
        things = [*self.layout.furniture, *self.layout.trees, *self.layout.lamps]
        spots = [(t.x, t.y) for t in things]
        blocked = any(
            math.hypot(s.x - a, s.y - b) < 0.55 for s in states[::2] for a, b in spots
        )
        if blocked or not self._free(outlines):
            return False
        self.people.append(PersonTrack(self.next_id, tuple(states[::SUBSTEPS])))
        self.outlines.append(outlines)
        self.next_id += 1
        return True


def _parked(stage: _Stage, looks: dict) -> Motion | None:
    return _stand(stage, ("parked",), looks)


def _parked_illegally(stage: _Stage, looks: dict) -> Motion | None:
    return _stand(stage, ILLEGAL, looks)


def _stand(stage: _Stage, modes: tuple[str, ...], looks: dict) -> Motion | None:
    target = stage.target(modes, looks)
    if target is None:
        return None
    x, y, side = target
    yaw = (0.0 if side == RIGHT else math.pi) + stage.rnd.gauss(0, 0.015)
    return lambda t: (x, y, yaw, 0.0)


def _drive_through(stage: _Stage, looks: dict) -> Motion:
    side = stage.rnd.choice((LEFT, RIGHT))
    lane = stage.layout.towards_kerb(side) * stage.layout.lane_width * stage.rnd.uniform(0.46, 0.54)
    speed, start = stage.rnd.uniform(5.5, 9.5), stage.rnd.uniform(-4, stage.duration - 6)
    direction, begin = (1, ENTER) if side == RIGHT else (-1, LEAVE)

    def at(t: float) -> Pose:
        y = begin + direction * speed * (t - start)
        if t < start or not ENTER <= y <= LEAVE:
            return None
        return lane, y, 0.0 if side == RIGHT else math.pi, speed

    return at


def _wait_at_crossing(stage: _Stage, looks: dict) -> Motion:
    """Stop before the line for 3 to 5.5 seconds while somebody crosses, then go on."""
    layout, rnd = stage.layout, stage.rnd
    half = VEHICLES[looks["kind"]].length * looks["scale"] / 2
    side = rnd.choice((LEFT, RIGHT))
    away = side == RIGHT
    y = layout.crossing[0] - 1.7 - half if away else layout.crossing[1] + 1.7 + half
    crossing_times = [
        t for p in stage.people for t, s in enumerate(p.states) if abs(s.x) < layout.lane_width
    ]
    begin = min(crossing_times, default=stage.frames // 3) / stage.fps
    stop = max(0.5, begin - rnd.uniform(-0.5, 2.0))
    lane = layout.towards_kerb(side) * layout.lane_width / 2
    go = stop + rnd.uniform(3.0, 5.5)
    return drive_and_stop(layout, lane, y, side, stop, go, rnd.uniform(5, 8))


def _stop_and_stay(stage: _Stage, looks: dict) -> Motion | None:
    """Arrive, stop in a zone and stay to the end or at least beyond the limit."""
    target = stage.target(ILLEGAL, looks)
    if target is None:
        return None
    latest = stage.duration - DWELL_LIMIT - 3.0
    stop = stage.rnd.uniform(1.5, latest)
    go = None
    if stage.rnd.random() < 0.25 and stop + DWELL_LIMIT + 2 < stage.duration:
        go = stage.rnd.uniform(stop + DWELL_LIMIT + 1.5, stage.duration)
    return drive_and_stop(stage.layout, *target, stop, go, stage.rnd.uniform(4.5, 8))


def _stop_and_go(stage: _Stage, looks: dict) -> Motion | None:
    """Stop for 3 to 5 seconds to unload and drive on."""
    target = stage.target(BRIEF, looks)
    if target is None:
        return None
    stop = stage.rnd.uniform(1.0, stage.duration - 8)
    go = stop + stage.rnd.uniform(3.0, 5.0)
    return drive_and_stop(stage.layout, *target, stop, go, stage.rnd.uniform(4.5, 8))


def _park_legally(stage: _Stage, looks: dict) -> Motion | None:
    target = stage.target(("parked",), looks)
    if target is None:
        return None
    stop = stage.rnd.uniform(2.0, stage.duration - 6)
    return drive_and_stop(stage.layout, *target, stop, None, stage.rnd.uniform(4.5, 7))
