"""Positions of all actors in a clip, and the resulting events.

An event is a run of frames in which a vehicle stands in a no-parking zone. It is computed from the
states alone, independent of the actor's script. Plain Python, no Blender.
"""

from __future__ import annotations

from dataclasses import dataclass

from .layout import Zone
from .placement import IN_ZONE, PersonState, VehicleState, zone_shares

DWELL_LIMIT = 8.0  # seconds of standing in a no-parking zone that make an offence


@dataclass(frozen=True)
class VehicleTrack:
    """A vehicle over a clip: `states[k]` at frame k, None while it is not in the street."""

    id: int
    behaviour: str
    states: tuple[VehicleState | None, ...]


@dataclass(frozen=True)
class PersonTrack:
    """A person over a clip."""

    id: int
    states: tuple[PersonState | None, ...]


@dataclass(frozen=True)
class Event:
    """A vehicle standing in a zone from one frame to another, both included."""

    vehicle: int
    behaviour: str
    zone: str
    zone_kind: str
    first_frame: int
    last_frame: int
    share: float  # of the footprint in the zone
    violation: bool  # it stood at least `DWELL_LIMIT` seconds


@dataclass(frozen=True)
class Traffic:
    """All actors of a clip."""

    fps: int
    frames: int
    vehicles: tuple[VehicleTrack, ...]
    people: tuple[PersonTrack, ...]
    events: tuple[Event, ...]


def find_events(vehicles: tuple[VehicleTrack, ...], zones: list[Zone], fps: int) -> list[Event]:
    """Every run of frames in which a vehicle stands in a no-parking zone."""
    events = []
    for track in vehicles:
        start = None
        for k, state in enumerate((*track.states, None)):
            stands = state is not None and state.standing
            if stands and start is None:
                start = k
            if not stands and start is not None:
                event = _event(track, zones, start, k - 1, fps)
                if event:
                    events.append(event)
                start = None
    return events


def _event(track: VehicleTrack, zones: list[Zone], first: int, last: int, fps: int) -> Event | None:
    """The event of one stand; the lane counts only where no stricter zone is touched."""
    shares = zone_shares(track.states[first].footprint(), [z for z in zones if z.no_parking])
    touched = [z for z in zones if shares.get(z.name, 0) >= IN_ZONE]
    if not touched:
        return None
    zone = max(touched, key=lambda z: (not z.needs_time, shares[z.name]))
    long_enough = (last - first + 1) / fps >= DWELL_LIMIT
    return Event(track.id, track.behaviour, zone.name, zone.kind, first, last,
                 round(shares[zone.name], 5), long_enough)
