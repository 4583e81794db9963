"""Pictures of what a clip's analysis has judged: evidence for the sheets, and the annotated clip.

Introduced in lab 5. Of each stand that may become an event, three small pictures are kept; of one
that comes to nothing, none. All are drawn on frames in which people and plates are unreadable
already. Rests on `parking.drawing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from helpers.masks import Image
from parking.drawing import (
    BLUE,
    ORANGE,
    VERMILION,
    crop,
    draw_zones,
    jpeg,
    outline,
    polygon,
    words,
)
from parking.events import DOUBTFUL, Event, EventFinder
from parking.tracking import Track
from parking.zones import Camera

if TYPE_CHECKING:
    from parking.analysis import Frame


class Evidence:
    """Keeps three small private pictures of each stand that may become an event."""

    def __init__(self, camera: Camera, fps: float) -> None:
        self.camera, self.fps = camera, fps
        self.overview: bytes | None = None
        self._pictures: dict[int, dict[str, tuple[int, Image]]] = {}  # track -> moment -> picture
        self._firsts: dict[int, int] = {}  # track -> first frame of the stand shown
        self._kept: dict[str, list[tuple[str, bytes]]] = {}

    def see(self, frame: Frame, hidden: Image, finder: EventFinder) -> None:
        """Takes pictures of what stands in a zone in this frame."""
        if self.overview is None:
            self.overview = jpeg(draw_zones(hidden, self.camera))
        for event, _ in frame.closed:
            self._keep(event)
        alerted = {track.number for _, track in frame.alerts}
        for track in frame.tracks:
            stand = track.stand
            if stand.seen < 3 or stand.last != frame.index:
                continue
            place = finder.place(track)
            if place.zone is None or place.confidence < DOUBTFUL:
                continue
            if self._firsts.get(track.number) != stand.first:
                self._firsts[track.number] = stand.first
                self._pictures[track.number] = {}
            moments = self._pictures[track.number]
            picture = (frame.index, self._picture(hidden, track, place))
            moments.setdefault("standing", picture)
            if track.number in alerted:
                moments["limit reached"] = picture
            moments["last seen"] = picture

    def _picture(self, hidden: Image, track: Track, place) -> Image:
        drawn = hidden.copy()
        polygon(drawn, self.camera.zone(place.zone).image, ORANGE, 0.25)
        if place.footprint is not None:
            polygon(drawn, self.camera.to_image(place.footprint.corners), BLUE)
        outline(drawn, track.mask, VERMILION)
        rows, columns = np.nonzero(track.stand.mask)
        box = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        return crop(drawn, box).copy()  # and not a view, which would keep the whole frame

    def _keep(self, event: Event) -> None:
        moments = self._pictures.pop(event.vehicle, {})
        self._firsts.pop(event.vehicle, None)
        self._kept[event.event] = [
            (f"{moment}: frame {index}, {index / self.fps:.1f} s", jpeg(_enlarged(picture)))
            for moment, (index, picture) in moments.items()
        ]

    def sheets(self, events: list[Event]) -> dict[str, list[tuple[str, bytes]]]:
        """The pictures of every event."""
        for event in events:
            if event.event not in self._kept:
                self._keep(event)
        return self._kept


def _enlarged(picture: Image) -> Image:
    """Three times as wide and high: cars are small and screens large."""
    return picture.repeat(3, axis=0).repeat(3, axis=1)


def annotate(hidden: Image, frame: Frame, camera: Camera, finder: EventFinder) -> Image:
    """The frame with zones, vehicles, and for how long those that stand in a zone have stood."""
    drawn = draw_zones(hidden, camera)
    for track in frame.tracks:
        stand = track.stand
        seconds = (stand.last - stand.first + 1) / finder.fps
        place = finder.place(track) if stand.seen >= 3 and stand.last == frame.index else None
        inside = place is not None and place.inside
        late = inside and place.offends and seconds >= finder.limit
        colour = VERMILION if late else ORANGE if inside else (255, 255, 255)
        outline(drawn, track.mask, colour, 2 if late else 1)
        if inside:
            rows, columns = np.nonzero(track.mask)
            text = f"{'VIOLATION ' if late else ''}{place.zone} {seconds:.0f} s"
            words(drawn, text, (int(columns.min()), int(rows.min()) - 2), (255, 255, 255))
    words(drawn, f"{frame.index / finder.fps:.1f} s", (2, 12), (255, 255, 255))
    return drawn
