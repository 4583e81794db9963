"""Motion as a function of time: braking, standing, setting off, swinging to the kerb; walking.

Plain Python, no Blender.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .geometry import smoothstep
from .layout import RIGHT, Layout

BRAKING = 2.2  # m/s^2, for setting off too
ENTER, LEAVE = -9.0, 80.0  # y where vehicles come and go

Pose = tuple[float, float, float, float] | None  # x, y, yaw, speed
Motion = Callable[[float], Pose]


@dataclass(frozen=True)
class Walk:
    """A straight walk that begins at a time and ends after a span."""

    x: float
    y: float
    dx: int
    dy: int
    start: float
    speed: float
    span: float

    def at(self, t: float) -> tuple[float, float, float]:
        """Place (x, y) and way walked at time t."""
        walked = min(self.span, max(0.0, (t - self.start) * self.speed))
        return self.x + self.dx * walked, self.y + self.dy * walked, walked


def along(t: float, stop: float | None, go: float | None, speed: float) -> tuple[float, float]:
    """Way (m) relative to the stopping point and speed at time t.

    The vehicle cruises, brakes to stand at time `stop`, and sets off at `go`; None means never.
    """
    if go is not None and t >= go:
        since = t - go
        ramp = speed / BRAKING
        if since < ramp:
            return BRAKING / 2 * since**2, BRAKING * since
        return speed**2 / (2 * BRAKING) + speed * (since - ramp), speed
    if stop is None or t >= stop:
        return 0.0, 0.0
    left = stop - t
    ramp = speed / BRAKING
    if left < ramp:
        return -BRAKING / 2 * left**2, BRAKING * left
    return -(speed**2) / (2 * BRAKING) - speed * (left - ramp), speed


def drive_and_stop(
    layout: Layout, x: float, y: float, side: int, stop: float | None, go: float | None,
    speed: float,
) -> Motion:
    """Drive in the lane of a side, swing out to (x, y), stand there, and swing back."""
    direction = 1 if side == RIGHT else -1
    lane = layout.towards_kerb(side) * layout.lane_width / 2

    def place_at(way: float) -> tuple[float, float]:
        swing = smoothstep(1 - abs(way) / (11.0 if way < 0 else 10.0))
        return lane + (x - lane) * swing, y + direction * way

    def at(t: float) -> Pose:
        way, pace = along(t, stop, go, speed)
        (px, py), (qx, qy) = place_at(way), place_at(way + 0.02)
        if not ENTER < py < LEAVE:
            return None
        return px, py, math.atan2(px - qx, qy - py), pace

    return at
