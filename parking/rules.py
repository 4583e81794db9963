"""Rules that decide on one picture whether a vehicle stands in a no-parking zone.

Introduced in lab 5, from the rule that people complain about to the one that works. Three take a
box, three a mask, and of each kind one looks at all of it, one at its lower edge and one at the
ground under it: so the table of their scores tells what masks buy and what geometry. Each gives a
share for every vehicle and zone; a threshold for each, chosen on val, makes a verdict of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from helpers.detector import Detections
from helpers.masks import Mask
from parking.footprint import Footprint, fit, grown, share_in
from parking.zones import Camera

VEHICLES = ("car", "van")  # what can be parked; everything else only hides
STRIP = 3  # height in pixels of the strip at the lower edge of a mask
LOWER = 1 / 3  # lower share of a box that the rule `box_lower` looks at
MARGIN = 2  # columns this near to something nearer do not tell where a mask meets the ground
DOUBLE = 0.6  # share of a mask in another vehicle's from which both are one vehicle


@dataclass(frozen=True, eq=False, kw_only=True)
class Vehicles(Detections):
    """The N vehicles of one picture, best score first, with what may hide them; see `vehicles`."""

    found: Detections  # everything in the picture that may hide a vehicle, doubles left out
    rows: NDArray[np.int64]  # (N,) rows of `found` that are vehicles
    numbers: NDArray[np.int64]  # (N,) their rows among all detections, doubles included
    camera: Camera

    @cached_property
    def nearer(self) -> NDArray[np.bool_]:
        """(N, H, W) bool: pixels of whatever stands lower in the picture."""
        return nearer_masks(self.found.masks, self.rows)

    @property
    def strips(self) -> NDArray[np.bool_]:
        """(N, H, W) bool: the lower edges of the masks, see `contact_strip`."""
        strips = [contact_strip(m, near) for m, near in zip(self.masks, self.nearer, strict=True)]
        return np.array(strips, bool).reshape(self.masks.shape)

    @cached_property
    def footprints(self) -> tuple[Footprint | None, ...]:
        """(N,) footprints fitted to the masks, None where one is too small to say anything."""
        return fit(self.masks, self.class_names, self.camera, self.nearer)

    @cached_property
    def box_footprints(self) -> tuple[Footprint | None, ...]:
        """(N,) footprints fitted to the boxes alone, as if nobody had masks."""
        nearer = nearer_masks(filled(self.found.boxes, self.camera.size), self.rows)
        return fit(self.boxes, self.class_names, self.camera, nearer)


def vehicles(found: Detections, camera: Camera) -> Vehicles:
    """The cars and vans among a picture's detections, each once.

    Of masks that mostly lie in one with a better score, of whichever class, none is kept.

    >>> numbers, masks = np.array([[1, 2], [0.6, 0.9]]), np.ones((2, 4, 6), bool)  # the same place
    >>> found = Detections(np.zeros((2, 4)), *numbers, masks, ("car", "van"))
    >>> vehicles(found, read_camera(kerbside.camera_file(3000))).class_names
    ('van',)
    """
    areas = found.masks.sum(axis=(1, 2))
    candidates = [k for k, name in enumerate(found.class_names) if name in VEHICLES]
    kept: list[int] = []
    for k in sorted(candidates, key=lambda k: -found.scores[k]):
        inside = (np.count_nonzero(found.masks[k] & found.masks[j]) for j in kept)
        if areas[k] and max(inside, default=0) / areas[k] < DOUBLE:
            kept.append(k)
    left = [k for k in range(len(found)) if k in kept or k not in candidates]
    numbers, rows = np.array(kept, int), np.array([left.index(k) for k in kept], int)
    everything = found.take(np.array(left, int))
    parts = {"found": everything, "rows": rows, "numbers": numbers, "camera": camera}
    return Vehicles(**vars(found.take(numbers)), **parts)


def lowest_row(mask: Mask) -> int:
    """Number of the lowest row of a mask (H, W); -1 if it is empty."""
    return int(np.flatnonzero(mask.any(axis=1)).max(initial=-1))


def nearer_masks(masks: np.ndarray, rows: Iterable[int]) -> NDArray[np.bool_]:
    """The pixels of all that stand lower, and so nearer, than N rows of masks (M, H, W).

    (N, H, W) bool; of two that end in the same row, each may hide the other.
    """
    lowest = np.array([lowest_row(mask) for mask in masks], int)
    near = np.zeros((len(rows), *masks.shape[1:]), bool)
    for into, k in zip(near, rows, strict=True):
        others = lowest >= lowest[k]
        others[k] = False
        into |= masks[others].any(axis=0) & ~masks[k]
    return near


def filled(boxes: np.ndarray, size: tuple[int, int], lower: float = 1.0) -> NDArray[np.bool_]:
    """Boxes as masks, (N, H, W) bool; `lower` keeps only that share of each box's height.

    >>> filled(np.array([[0, 0, 4, 2]]), (4, 3), lower=0.5).astype(int).tolist()
    [[[0, 0, 0], [0, 0, 0], [1, 1, 0], [1, 1, 0]]]
    """
    masks = np.zeros((len(boxes), *size), bool)
    for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
        top = bottom - lower * (bottom - top)
        top, left, bottom, right = np.round((top, left, bottom, right)).astype(int)
        mask[max(min(top, bottom - 1), 0) : bottom, max(left, 0) : right] = True
    return masks


@lru_cache(maxsize=32)
def zone_masks(camera: Camera) -> NDArray[np.bool_]:
    """(Z, H, W): the pixels of each of `camera.forbidden`."""
    masks = [zone.mask(camera.size) for zone in camera.forbidden]
    return np.array(masks, bool).reshape(-1, *camera.size)


RULES: Mapping[str, Callable[[Vehicles], NDArray[np.float64]]] = {
    # Of the box: all of it, as people complain about; its lower part, as careful systems ask; and
    # the ground under a vehicle that fills it.
    "box": lambda seen: in_pixels(filled(seen.boxes, seen.camera.size), seen.camera),
    "box_lower": lambda seen: in_pixels(filled(seen.boxes, seen.camera.size, LOWER), seen.camera),
    "box_footprint": lambda seen: on_ground(seen.box_footprints, seen.camera),
    # The same of the mask, whose lower edge is where the vehicle meets the ground.
    "mask": lambda seen: in_pixels(seen.masks, seen.camera),
    "contact": lambda seen: in_pixels(seen.strips, seen.camera),
    "footprint": lambda seen: on_ground(seen.footprints, seen.camera),
}
"""The rules: shares (N, Z) of N vehicles in the Z zones of `camera.forbidden`."""

THRESHOLDS: Mapping[str, float] = {
    "box": 0.227, "box_lower": 0.267, "box_footprint": 0.124,
    "mask": 0.162, "contact": 0.312, "footprint": 0.082,
}  # fmt: skip
"""Least share that makes an offence. Chosen on Kerbside's validation cameras with detections of the
shipped Mask R-CNN from a score of 0.5: `python -m parking evaluate` chooses anew."""


def contact_strip(mask: Mask, nearer: Mask | None = None, height: int = STRIP) -> Mask:
    """The lowest pixels of each column of a mask: where the vehicle meets the ground.

    Columns that something nearer covers from below are left out; if that leaves none, all count.

    >>> contact_strip(np.array([[True, True], [True, False]]), height=1).astype(int).tolist()
    [[0, 1], [1, 0]]
    """
    lowest = mask.shape[0] - 1 - np.argmax(mask[::-1], axis=0)
    columns = mask.any(axis=0)
    if nearer is not None:
        free = columns & ~grown(nearer, MARGIN)[lowest, np.arange(mask.shape[1])]
        columns = free if free.any() else columns
    rows = np.arange(mask.shape[0])[:, None]
    return mask & columns & (rows > lowest - height)


def in_pixels(regions: np.ndarray, camera: Camera) -> NDArray[np.float64]:
    """(N, H, W) regions -> (N, Z) shares of their pixels in the zones."""
    regions, zones = (each.astype(np.float32) for each in (regions, zone_masks(camera)))
    both = np.tensordot(regions, zones, ((1, 2), (1, 2))).astype(np.float64)
    return both / np.maximum(regions.sum(axis=(1, 2)), 1)[:, None]


def on_ground(footprints: Sequence[Footprint | None], camera: Camera) -> NDArray[np.float64]:
    """(N, Z) shares of the footprints' areas in the zones; 0 where there is no footprint."""
    zones = camera.forbidden
    rows = [[share_in(f.corners, zone) if f else 0.0 for zone in zones] for f in footprints]
    return np.array(rows, np.float64).reshape(len(footprints), len(zones))


@dataclass(frozen=True)
class Verdict:
    """What a rule says about one vehicle on one picture."""

    zone: str | None  # in which it has its largest share, whether that is enough or not
    share: float
    offends: bool


def verdicts(
    seen: Vehicles, rule: str = "footprint", threshold: float | None = None
) -> list[Verdict]:
    """One verdict for each vehicle; zones that need time are not decided on one picture.

    >>> still = next(records.read(kerbside.record_files("val")))  # of camera 2000
    >>> seen = vehicles(scores.true_detections(still), read_camera(kerbside.camera_file(2000)))
    >>> [verdict.offends for verdict in verdicts(seen, "box")]
    [True, False, False]
    """
    threshold = THRESHOLDS[rule] if threshold is None else threshold
    zones, result = seen.camera.forbidden, []
    for row in RULES[rule](seen).tolist():
        decided = [(share, zone.name) for share, zone in zip(row, zones, strict=True)
                   if share > 0 and not zone.needs_time]  # fmt: skip
        share, name = max(decided, default=(0.0, None), key=lambda each: each[0])
        result.append(Verdict(name, share, 0 < share >= threshold))
    return result
