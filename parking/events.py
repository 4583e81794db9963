"""From stands to events: which vehicle stood in which zone, when, and how sure that is.

Introduced in lab 5. A stand becomes an event if its footprint lies in a no-parking zone; it is a
violation once it has lasted `limit` seconds, and is told then, once. All masks of a stand together
give its footprint, so that one bad mask does no harm. Where the footprint might as well lie
outside, or much of the vehicle was hidden, the event says that a person has to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from helpers.masks import mask_to_box
from parking.footprint import Footprint, fit
from parking.rules import THRESHOLDS, contact_strip, zone_masks
from parking.tracking import Moment, Settings, Stand, Track, Tracker
from parking.zones import Camera

LIMIT = 8.0
"""Seconds that a vehicle may stand where parking is forbidden: to let somebody out."""

SURE = 0.9
"""Least confidence in its place at which a stand is reported; below, a person has to look. Of the
stands in train and val clips this lets all offenders through, and stops both false alarms."""

DOUBTFUL = 0.25
"""From this confidence a stand that is not reported is shown to a person all the same."""

MISFIT, HIDDEN, SCORE = 2.5, 0.4, 0.6
"""A worse fit, a larger hidden share of the outline or a lower mean score ask for a person."""


@dataclass(frozen=True)
class Event:
    """A vehicle that stood in a no-parking zone."""

    event: str
    """Its name: the clip's, the first frame's number and the vehicle's; the same in every run."""
    vehicle: int
    """Number of the track."""
    class_name: str
    zone: str
    kind: str
    first_frame: int
    last_frame: int
    """The last frame in which it was seen there."""
    start_seconds: float
    end_seconds: float
    seconds: float
    """How long it stood, by the times of the clip's frames."""
    long: bool
    """It stood for at least the limit."""
    violation: bool
    """It did, surely with a large enough share in the zone."""
    ongoing: bool
    """It still stood there when the clip ended."""
    share: float
    """Of its footprint in the zone, 0 to 1 (of the contact strip where no footprint is known)."""
    share_low: float
    share_high: float
    """5th and 95th percentile of the footprints that agree with the mask."""
    confidence: float
    """Probability, from the same footprints, that the share reaches the threshold."""
    score: float
    """Mean detection score."""
    hidden_frames: int
    """Frames in which something nearer hid it."""
    rule: str
    """Name of the rule that fired."""
    needs_review: bool
    """A person should look before anything else happens."""
    reasons: tuple[str, ...]
    """Why."""
    box: tuple[float, float, float, float]
    """ymin, xmin, ymax, xmax in pixels."""
    footprint: tuple[tuple[float, float], ...] | None
    """Four corners on the ground, metres."""

    @property
    def verdict(self) -> str:
        """What is done about it, in words."""
        if self.violation:
            return "violation"
        return "not reported, place unsure" if self.long else "tolerated, short"

    def as_json(self) -> dict:
        """Plain values, as `events.json` holds them."""
        return json.loads(json.dumps(asdict(self)))


@dataclass(frozen=True)
class Place:
    """Where a stand is: the zone, the share in it and how sure that is."""

    zone: str | None
    share: float
    low: float
    high: float
    confidence: float
    rule: str
    footprint: Footprint | None

    @property
    def inside(self) -> bool:
        """The share in the zone is large enough."""
        return self.zone is not None and self.share >= THRESHOLDS[self.rule]

    @property
    def offends(self) -> bool:
        """Certainly inside the zone: standing here for long is reported."""
        return self.inside and self.confidence >= SURE


def locate(stand: Stand, class_name: str, camera: Camera) -> Place:
    """The no-parking zone of a stand, from all its masks together.

    A stricter zone goes before a lane, then the larger share decides.
    """
    mask = stand.mask
    footprint = None
    if camera.matrix is not None:
        footprint = fit(mask, class_name, camera, nearer=stand.unknown)
    if footprint is not None:
        rule, threshold = "footprint", THRESHOLDS["footprint"]
        shares = [(zone.needs_time, footprint.share(zone), zone) for zone in camera.forbidden]
    else:
        rule, threshold = "contact", THRESHOLDS["contact"]
        strip = contact_strip(mask, stand.unknown)
        pixels = max(int(strip.sum()), 1)
        over = [(strip & zone).sum() / pixels for zone in zone_masks(camera)]
        shares = [(z.needs_time, float(s), z) for z, s in zip(camera.forbidden, over, strict=True)]
    if not shares:
        return Place(None, 0.0, 0.0, 0.0, 0.0, rule, footprint)
    enough = [each for each in shares if each[1] >= threshold]
    if enough:
        _, share, zone = min(enough, key=lambda each: (each[0], -each[1]))
    else:
        _, share, zone = max(shares, key=lambda each: each[1])
    if footprint is None:
        confidence = float(np.clip(0.5 + (share - threshold) / 0.4, 0, 1))
        return Place(zone.name, share, share, share, confidence, rule, None)
    low, high = footprint.share_interval(zone)
    confidence = footprint.confidence(zone, threshold)
    return Place(zone.name, share, low, high, confidence, rule, footprint)


class EventFinder:
    """Turns a tracker's stands into events: `alerts` after every frame, `closed` of what ended.

    Args:
        clip: Name of the clip, for the events' names.
        camera: Camera of the clip.
        limit: Seconds that a vehicle may stand.
        settings: Settings of the tracker.
    """

    def __init__(
        self, clip: str, camera: Camera, limit: float = LIMIT, settings: Settings | None = None
    ) -> None:
        self.clip, self.camera, self.limit = clip, camera, limit
        self.settings = settings or Settings()
        self.frame_seconds = 0.0
        """How long a frame lasts at least; a stand of one frame lasts as long."""
        self._told: set[int] = set()  # stands, by identity, that have been told
        self._places: dict[int, tuple[int, Place]] = {}  # stand -> frames seen then, place

    def alerts(self, tracks: list[Track]) -> Iterator[tuple[Event, Track]]:
        """Violations that have just reached the limit; each stand is reported once."""
        for track in tracks:
            stand = track.stand
            if id(stand) in self._told or stand.seen < 3 or self.stood(stand) < self.limit:
                continue
            if self._trimmed(stand)[2] < self.limit:
                continue
            event = self.event(track, stand, ongoing=True)
            if event is not None and event.violation:
                self._told.add(id(stand))
                yield event, track

    def closed(self, tracker: Tracker, standing: set[int] = frozenset()) -> list:
        """Events of the stands that have ended, with the stands, which are then forgotten.

        Args:
            tracker: Tracker whose list of ended stands is emptied.
            standing: Stands, by identity, that end only because the clip does.
        """
        events = []
        for track, stand in tracker.ended:
            event = self.event(track, stand, ongoing=id(stand) in standing)
            self._told.discard(id(stand))
            self._places.pop(id(stand), None)
            if event is not None:
                events.append((event, stand))
        tracker.ended.clear()
        return events

    def stood(self, stand: Stand) -> float:
        """Seconds from the first to the last sighting of a stand."""
        return stand.last.seconds - stand.first.seconds + self.frame_seconds

    def _trimmed(self, stand: Stand) -> tuple[Moment, Moment, float]:
        first, last = stand.trimmed(self.settings.roll)
        return first, last, last.seconds - first.seconds + self.frame_seconds

    def place(self, track: Track) -> Place:
        """Where a track stands; computed anew only when it has been seen twice as often."""
        return self._place(track, track.stand)

    def _place(self, track: Track, stand: Stand) -> Place:
        seen, place = self._places.get(id(stand), (0, None))
        if place is None or stand.seen >= 2 * seen:
            place = locate(stand, track.class_name, self.camera)
            self._places[id(stand)] = (stand.seen, place)
        return place

    def event(self, track: Track, stand: Stand, *, ongoing: bool) -> Event | None:
        """What a stand amounts to; None if it is no event: too short, or nowhere forbidden."""
        if stand.seen < 3 or not stand.mask.any():
            return None
        place = self._place(track, stand)
        first, last, seconds = self._trimmed(stand)
        inside = place.inside
        doubtful = place.zone is not None and place.confidence >= DOUBTFUL
        if not inside and not (doubtful and seconds >= self.limit):
            return None
        reasons = self._reasons(stand, place, inside)
        zone = self.camera.zone(place.zone)
        footprint = place.footprint
        return Event(
            event=f"{self.clip}-{stand.first.index:06d}-{track.number}",
            vehicle=track.number,
            class_name=track.class_name,
            zone=zone.name,
            kind=zone.kind,
            first_frame=first.index,
            last_frame=last.index,
            start_seconds=round(first.seconds, 3),
            end_seconds=round(last.seconds + self.frame_seconds, 3),
            seconds=round(seconds, 3),
            long=seconds >= self.limit,
            violation=place.offends and seconds >= self.limit,
            ongoing=ongoing,
            share=round(place.share, 3),
            share_low=round(place.low, 3),
            share_high=round(place.high, 3),
            confidence=round(place.confidence, 3),
            score=round(stand.score, 3),
            hidden_frames=stand.hidden_frames,
            rule=place.rule,
            needs_review=bool(reasons),
            reasons=tuple(reasons),
            box=tuple(float(v) for v in mask_to_box(stand.mask)),
            footprint=None
            if footprint is None
            else tuple((round(float(x), 2), round(float(y), 2)) for x, y in footprint.corners),
        )

    def _reasons(self, stand: Stand, place: Place, inside: bool) -> list[str]:
        reasons = []
        if not inside:
            reasons.append("its place is not sure: it may stand in the zone")
        elif place.confidence < SURE:
            reasons.append("its place is not sure: it may stand outside the zone")
        if place.footprint is None:
            reasons.append("no footprint: the camera is not calibrated, or the mask is too small")
        else:
            if place.footprint.misfit > MISFIT:
                reasons.append("the mask does not look like a vehicle of its class")
            if place.footprint.hidden > HIDDEN:
                reasons.append("much of its outline is hidden or outside the frame")
        if stand.score < SCORE:
            reasons.append("the detector is not sure that it is a vehicle")
        if stand.hidden_frames > stand.seen:
            reasons.append("it was hidden most of the time")
        if stand.pause > self.settings.gap:
            reasons.append(f"the camera took no picture for {stand.pause:.1f} s while it stood")
        return reasons
