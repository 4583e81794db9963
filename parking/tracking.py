"""Follows vehicles through a clip and tells standing from moving, though others pass in front.

Introduced in lab 5. A fixed camera makes it simple: a vehicle that stands covers the same pixels
again and again. So each vehicle keeps an *anchor*, the pixels it has covered since it stopped, as
votes over the frames in which a pixel could be seen, and it stands as long as its mask agrees with
the anchor where nothing nearer hides it. Trackers such as SORT (Bewley et al., 2016) predict where
a vehicle will be; here mask IoU and an optimal assignment tell whether it is still there.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from helpers.detector import Detections
from helpers.masks import Mask
from helpers.metrics import mask_iou
from parking.rules import lowest_row, vehicles
from parking.zones import Camera

ROLLING = 6  # frames at either end of a stand in which a vehicle may still roll


class Moment(NamedTuple):
    """A frame of a clip and its time."""

    index: int
    seconds: float


@dataclass(frozen=True)
class Settings:
    """Settings of the tracker; chosen on train and val clips of Kerbside with true masks."""

    same_place: float = 0.75
    """Least IoU with the anchor, over visible pixels, of a vehicle that has not moved."""
    same_vehicle: float = 0.2  # least IoU from frame to frame that makes two masks one vehicle
    new_score: float = 0.5  # least detection score that begins a track; a lower one may go on
    steady: int = 3  # frames after which a new place counts as a stand
    gap: float = 2.5
    """Seconds unseen after which a vehicle that nothing hides has left; never after one frame."""
    departed_gap: float = 1.5  # the same for one that seemed to drive off, or had only just come
    hidden_gap: float = 60.0  # the same for one that something nearer hides
    within: float = 0.8
    """Share of a mask inside the anchor from which it is a part of a vehicle that has not moved:
    something that the detector did not find, or not whole, hides the rest."""
    moved_out: float = 0.3
    """A vehicle has left when this share of its mask lies outside its anchor and this share of the
    anchor is free of it, both of what can be seen."""
    roll: float = 0.04  # see `Stand.trimmed`
    memory: int = 64  # frames that an anchor remembers: light changes over a day, and so do masks


@dataclass(frozen=True, eq=False)
class Sighting:
    """One vehicle in one frame."""

    moment: Moment
    mask: Mask
    nearer: Mask  # pixels of what may hide it
    score: float
    class_name: str


@dataclass(eq=False)
class Stand:
    """A vehicle at one place: its anchor and the frames in which it was seen there."""

    last: Moment | None = None
    votes: NDArray[np.float64] | float = 0.0  # (H, W): frames in which a pixel was the vehicle's
    visible: NDArray[np.float64] | float = 0.0  # (H, W): in which it could be seen whose it is
    seen: int = 0
    score: float = 0.0  # mean detection score
    hidden_frames: int = 0
    pause: float = 0.0  # longest time in seconds in which the camera took no picture
    reported: bool = False  # as a violation
    places: dict = field(default_factory=dict)  # where that is, see `parking.events`
    head: list[Sighting] = field(default_factory=list)  # the first frames, see `trimmed`
    tail: deque[Sighting] = field(default_factory=lambda: deque(maxlen=ROLLING))  # the last frames

    def extend(self, sighting: Sighting, memory: int) -> Stand:
        """One more frame at this place, or the first one."""
        self.last = sighting.moment
        self.seen += 1
        self.score += (sighting.score - self.score) / self.seen
        kept = 1 - 1 / memory if self.seen > memory else 1.0  # forget slowly
        self.votes = kept * self.votes + sighting.mask
        self.visible = kept * self.visible + ~sighting.nearer
        if len(self.head) < ROLLING:
            self.head.append(sighting)
        self.tail.append(sighting)
        for name in ("unknown", "mask"):
            self.__dict__.pop(name, None)
        return self

    @property
    def first(self) -> Moment:
        """The first frame in which it was seen there."""
        return self.head[0].moment

    @cached_property
    def unknown(self) -> Mask:
        """(H, W) bool: pixels that something nearer has hidden all the time."""
        return self.visible < 0.5

    @cached_property
    def mask(self) -> Mask:
        """(H, W) bool: the pixels that most frames agree about."""
        return (self.votes > 0.5 * self.visible) & ~self.unknown

    def overlap(self, sighting: Sighting) -> float:
        """IoU of its mask with the anchor, over the pixels that could be seen before and now."""
        known = ~(self.unknown | sighting.nearer)
        return mask_iou(self.mask & known, sighting.mask & known, empty=0.0)

    def beyond(self, mask: Mask) -> float:
        """The share of a mask that lies outside the anchor."""
        return np.count_nonzero(mask & ~self.mask) / max(np.count_nonzero(mask), 1)

    def trimmed(self, slack: float) -> tuple[Moment, Moment]:
        """First and last moment without those in which it still rolled, or rolled already.

        Braking to a halt, a vehicle covers its final place nearly; against the anchor of all
        frames such a frame stands out by `slack` or more in IoU.
        """
        fits = {each.moment: self.overlap(each) for each in (*self.head, *self.tail)}
        usual = float(np.median(list(fits.values()))) - slack
        sides = (self.head, [*reversed(self.tail)])
        first, last = (
            next((each.moment for each in side if fits[each.moment] >= usual), side[-1].moment)
            for side in sides
        )
        return (first, last) if first <= last else (self.first, self.last)


@dataclass(eq=False)
class Track:
    """One vehicle through the clip."""

    number: int
    mask: Mask
    stand: Stand
    names: Counter  # scores by class name
    candidate: Stand | None = None  # another place, as long as it may be an error
    pause: float = 0.0  # longest time in seconds without a picture since it was seen to stand
    hidden: bool = False  # in the last frame something nearer hid it
    departed: bool = False  # a vehicle was seen to move away from here

    @property
    def class_name(self) -> str:
        """The class that most of the scores went to."""
        return max(self.names, key=self.names.__getitem__)


class Tracker:
    """Takes one frame's detections after the other; `ended` holds stands till one empties it."""

    def __init__(self, camera: Camera, settings: Settings | None = None) -> None:
        self.camera = camera
        self.settings = settings or Settings()
        self.tracks: list[Track] = []
        self.ended: list[tuple[Track, Stand]] = []
        self._count = 0
        self._before = 0.0  # time of the last frame

    def update(self, moment: Moment, found: Detections) -> list[Track]:
        """Take a frame's detections, return the tracks seen in it; frames may be left out."""
        seen = vehicles(found, self.camera)
        columns = seen.masks, seen.nearer, seen.scores.tolist(), seen.class_names
        sightings = [Sighting(moment, *each) for each in zip(*columns, strict=True)]
        pause, self._before = moment.seconds - self._before, moment.seconds
        for track in self.tracks:
            track.pause = max(track.pause, pause)
        pairs = self._match(sightings)
        for row, track in enumerate(self.tracks):
            if row in pairs and not self._see(track, sightings[pairs[row]]):
                del pairs[row]  # it is another vehicle, or this one has driven off: a new track
            if row not in pairs:
                self._miss(track, found)
        current = [self.tracks[row] for row in pairs]
        for k, sighting in enumerate(sightings):
            if k not in pairs.values() and sighting.score >= self.settings.new_score:
                self._count += 1
                names = Counter({sighting.class_name: sighting.score})
                stand = Stand().extend(sighting, self.settings.memory)
                current.append(Track(self._count, sighting.mask, stand, names))
                self.tracks.append(current[-1])
        self.tracks = [track for track in self.tracks if not self._left(track, moment)]
        return current

    def finish(self) -> None:
        """End every stand: the clip is over."""
        self.ended += [(track, track.stand) for track in self.tracks]
        self.tracks = []

    def _match(self, sightings: list[Sighting]) -> dict[int, int]:
        """Row of `tracks` -> row of `sightings`."""
        likeness = np.zeros((len(self.tracks), len(sightings)))
        for row, k in np.ndindex(likeness.shape):
            track, seen = self.tracks[row], sightings[k]
            place = track.stand.overlap(seen)
            if place >= self.settings.same_place:
                likeness[row, k] = place + 1  # where one has stood, none other can stand
            else:
                likeness[row, k] = max(place, mask_iou(track.mask, seen.mask, empty=0.0))
        pairs = zip(*linear_sum_assignment(-likeness), strict=True)
        least = self.settings.same_vehicle
        return {int(r): int(k) for r, k in pairs if likeness[r, k] >= least}

    def _see(self, track: Track, sighting: Sighting) -> bool:
        """Take a sighting; False if it lies elsewhere than the vehicle has stood so far.

        That may be the vehicle, driving off, or another one that passes before it. So the stand is
        kept for a while: what stands in the same place soon after never left.
        """
        settings, stand = self.settings, track.stand
        steady = stand.seen >= settings.steady
        known = ~(stand.unknown | sighting.nearer)
        anchor, mask = stand.mask & known, sighting.mask & known
        left = np.count_nonzero(anchor & ~mask) / max(np.count_nonzero(anchor), 1)
        if steady and min(left, stand.beyond(mask)) >= settings.moved_out:
            track.departed = True
            return False
        track.names[sighting.class_name] += sighting.score
        track.mask, track.hidden = sighting.mask, False
        whole = stand.overlap(sighting) >= settings.same_place
        if whole or (steady and 1 - stand.beyond(sighting.mask) >= settings.within):
            if whole:
                stand.extend(sighting, settings.memory)
            else:  # a part says that it is there, but nothing about its outline
                stand.last = sighting.moment
                stand.hidden_frames += 1
            stand.pause = max(stand.pause, track.pause)
            track.candidate, track.departed, track.pause = None, False, 0.0
            return True
        if not track.candidate or track.candidate.overlap(sighting) < settings.same_place:
            track.candidate = Stand()
        track.candidate.extend(sighting, settings.memory)
        # A short stand was none; a long one may only be hidden by something the detector missed.
        if not steady or track.candidate.seen >= settings.steady:
            self._move(track)
        return True

    def _move(self, track: Track) -> None:
        """The candidate is the place now."""
        self.ended.append((track, track.stand))
        track.stand, track.candidate = track.candidate, None

    def _miss(self, track: Track, found: Detections) -> None:
        """Not seen: is it hidden, or has it left?"""
        anchor = track.stand.mask
        lower = [lowest_row(mask) >= lowest_row(anchor) - 1 for mask in found.masks]
        cover = found.masks[np.array(lower, bool)].any(axis=0)
        track.hidden = bool((anchor & cover).sum() > 0.5 * anchor.sum())
        track.stand.hidden_frames += track.hidden

    def _left(self, track: Track, moment: Moment) -> bool:
        gap = self.settings.hidden_gap if track.hidden else self.settings.gap
        if not track.hidden and (track.departed or track.stand.seen < self.settings.steady):
            gap = min(gap, self.settings.departed_gap)

        def gone() -> bool:
            last = track.stand.last
            return moment.seconds - last.seconds > gap and moment.index - last.index > 1

        if gone() and track.candidate is not None:
            self._move(track)
        if left := gone():
            self.ended.append((track, track.stand))
        return left
