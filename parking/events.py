"""From stands to events: which vehicle stood in which zone, when, and how sure that is.

Introduced in lab 5. A stand becomes an event if its footprint lies in a no-parking zone; once it
has lasted `limit` seconds it is a violation, and is reported. All masks of a stand together give
its footprint, so that one bad mask does no harm. Where that is not sure, a person has to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass

import numpy as np

from helpers.detector import Detections
from helpers.masks import Image, mask_to_box
from parking.footprint import Footprint, fit
from parking.rules import THRESHOLDS, contact_strip, in_pixels, on_ground
from parking.tracking import Moment, Settings, Stand, Track, Tracker
from parking.zones import Camera

LIMIT = 8.0  # seconds that a vehicle may stand where parking is forbidden: to let somebody out

SURE = 0.9
"""Least confidence in its place at which a stand is reported; below, a person has to look. Of the
stands in train and val clips this lets all offenders through, and stops both false alarms."""

DOUBTFUL = 0.25  # from this confidence a stand that is not reported is shown to a person

MISFIT, HIDDEN, SCORE = 2.5, 0.4, 0.6
"""A worse fit, a larger hidden share of the outline or a lower mean score ask for a person."""


@dataclass(frozen=True)
class Event:
    """A vehicle that stood in a no-parking zone."""

    event: str  # the clip's name, the first frame's number and the vehicle's: the same in every run
    vehicle: int  # number of the track
    class_name: str
    zone: str
    kind: str
    first_frame: int
    last_frame: int  # the last one in which it was seen there
    start_seconds: float
    end_seconds: float
    seconds: float  # how long it stood, by the times of the clip's frames
    long: bool  # for at least the limit
    violation: bool  # that, and surely with a large enough share in the zone
    ongoing: bool  # it still stood there when the clip ended
    share: float  # of its footprint in the zone, 0 to 1; without footprint, of the contact strip
    share_low: float  # 5th and
    share_high: float  # 95th percentile of the footprints that agree with the mask
    confidence: float  # probability, from the same, that the share reaches the threshold
    score: float  # mean detection score
    hidden_frames: int  # frames in which something nearer hid it
    rule: str  # that fired
    needs_review: bool  # a person should look before anything else happens
    reasons: tuple[str, ...]  # why
    box: tuple[float, float, float, float]  # ymin, xmin, ymax, xmax in pixels
    footprint: tuple[tuple[float, float], ...] | None  # four corners on the ground in metres

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

    zone: str
    share: float
    low: float
    high: float
    confidence: float
    rule: str
    footprint: Footprint | None

    @property
    def inside(self) -> bool:
        """The share in the zone is large enough."""
        return self.share >= THRESHOLDS[self.rule]

    @property
    def offends(self) -> bool:
        """Certainly inside the zone: standing here for long is reported."""
        return self.inside and self.confidence >= SURE


def locate(stand: Stand, class_name: str, camera: Camera) -> Place:
    """The no-parking zone of a stand, from all its masks together; the camera has at least one.

    A stricter zone goes before a lane, then the larger share decides.
    """
    footprint = None
    if camera.matrix is not None:
        (footprint,) = fit([stand.mask], [class_name], camera, [stand.unknown])
    if footprint is None:
        rule, strip = "contact", contact_strip(stand.mask, stand.unknown)
        shares = in_pixels(strip[None], camera)[0]
    else:
        rule, shares = "footprint", on_ground([footprint], camera)[0]
    threshold = THRESHOLDS[rule]
    zone, share = max(zip(camera.forbidden, shares.tolist(), strict=True), key=lambda row: (
        row[1] >= threshold, row[1] >= threshold and not row[0].needs_time, row[1]
    ))  # fmt: skip
    if footprint is None:
        low = high = share
        confidence = float(np.clip(0.5 + (share - threshold) / 0.4, 0, 1))
    else:
        low, high, confidence = footprint.certainty(zone, threshold)
    return Place(zone.name, share, low, high, confidence, rule, footprint)


@dataclass(frozen=True)
class Frame:
    """One frame as it was judged."""

    moment: Moment
    image: Image
    found: Detections  # everything detected, however weakly
    tracks: list[Track]  # vehicles seen in it
    alerts: list[Event]  # violations that reached the limit with this frame
    closed: list[Event]  # events that ended with it
    finder: EventFinder

    def standing(self) -> Iterator[tuple[Track, Place, float]]:
        """Each vehicle that is seen standing, its place, and for how many seconds it has stood."""
        for track in self.tracks:
            if track.stand.seen >= 3 and track.stand.last.index == self.moment.index:
                place = self.finder.place(track, track.stand, shown=True)
                yield track, place, self.finder.stood(track.stand)


class EventFinder:
    """Follows the vehicles of a clip and finds events: `update` after every frame, then `finish`.

    `clip` is its name, for the names of events; `limit` in seconds.
    """

    def __init__(
        self, clip: str, camera: Camera, limit: float = LIMIT, settings: Settings | None = None
    ) -> None:
        self.clip, self.camera, self.limit = clip, camera, limit
        self.tracker = Tracker(camera, settings)
        self.frame_seconds = 0.0  # how long a frame lasts at least, and so a stand of one frame

    def update(
        self, moment: Moment, found: Detections
    ) -> tuple[list[Track], list[Event], list[Event]]:
        """Take a frame's detections: its tracks, what has just become a violation, ended events."""
        tracks, alerts = self.tracker.update(moment, found), []
        for track in tracks:
            stand = track.stand
            if not stand.reported and self.stood(stand) >= self.limit:
                event = self._event(track, stand, ongoing=True, least=self.limit)
                if event is not None and event.violation:
                    stand.reported = True
                    alerts.append(event)
        return tracks, alerts, self._closed()

    def finish(self) -> list[Event]:
        """The clip is over: what still stands goes on, and is not reported because of that."""
        standing = {track.stand for track in self.tracker.tracks}
        self.tracker.finish()
        return self._closed(standing)

    def _closed(self, standing: Set[Stand] = frozenset()) -> list[Event]:
        ended = self.tracker.ended
        events = [self._event(track, stand, ongoing=stand in standing) for track, stand in ended]
        ended.clear()
        return [event for event in events if event is not None]

    def name(self, track: Track, stand: Stand) -> str:
        """Name of the event that may come of a stand; the same in every run."""
        return f"{self.clip}-{stand.first.index:06d}-{track.number}"

    def stood(self, stand: Stand) -> float:
        """Seconds from the first to the last sighting of a stand."""
        return stand.last.seconds - stand.first.seconds + self.frame_seconds

    def place(self, track: Track, stand: Stand, *, shown: bool = False) -> Place:
        """Where a track stands; computed anew only when it has been seen twice as often.

        What is `shown` is remembered apart: an event is the same with and without pictures.
        """
        if shown not in stand.places or stand.seen >= 2 * stand.places[shown][0]:
            stand.places[shown] = stand.seen, locate(stand, track.class_name, self.camera)
        return stand.places[shown][1]

    def _event(
        self, track: Track, stand: Stand, *, ongoing: bool, least: float = 0.0
    ) -> Event | None:
        """What a stand amounts to; None if it is no event: too short, or nowhere forbidden."""
        if stand.seen < 3 or not stand.mask.any():
            return None
        first, last = stand.trimmed(self.tracker.settings.roll)
        seconds = last.seconds - first.seconds + self.frame_seconds
        if seconds < least:
            return None
        place = self.place(track, stand)
        long = seconds >= self.limit
        if not place.inside and not (long and place.confidence >= DOUBTFUL):
            return None
        reasons = self._reasons(stand, place)
        corners = [] if place.footprint is None else place.footprint.corners.tolist()
        return Event(
            event=self.name(track, stand),
            vehicle=track.number,
            class_name=track.class_name,
            zone=place.zone,
            kind=self.camera.zone(place.zone).kind,
            first_frame=first.index,
            last_frame=last.index,
            start_seconds=round(first.seconds, 3),
            end_seconds=round(last.seconds + self.frame_seconds, 3),
            seconds=round(seconds, 3),
            long=long,
            violation=place.offends and long,
            ongoing=ongoing,
            share=round(place.share, 3),
            share_low=round(place.low, 3),
            share_high=round(place.high, 3),
            confidence=round(place.confidence, 3),
            score=round(stand.score, 3),
            hidden_frames=stand.hidden_frames,
            rule=place.rule,
            needs_review=bool(reasons),
            reasons=reasons,
            box=tuple(float(v) for v in mask_to_box(stand.mask)),
            footprint=tuple((round(x, 2), round(y, 2)) for x, y in corners) or None,
        )

    def _reasons(self, stand: Stand, place: Place) -> tuple[str, ...]:
        side, body = "outside" if place.inside else "in", place.footprint
        reasons = {
            f"its place is not sure: it may stand {side} the zone":
                place.confidence < SURE or not place.inside,
            "no footprint: the camera is not calibrated, or the mask is too small": body is None,
            "the mask does not look like a vehicle of its class": body and body.misfit > MISFIT,
            "much of its outline is hidden or outside the frame": body and body.hidden > HIDDEN,
            "the detector is not sure that it is a vehicle": stand.score < SCORE,
            "it was hidden most of the time": stand.hidden_frames > stand.seen,
            f"the camera took no picture for {stand.pause:.1f} s while it stood":
                stand.pause > self.tracker.settings.gap,
        }  # fmt: skip
        return tuple(reason for reason, holds in reasons.items() if holds)
