"""Four rules that decide on one picture whether a vehicle stands in a no-parking zone.

Introduced in lab 5, from the rule that people complain about to the one that works: the box over
the zone, the mask in the zone, the strip where the mask meets the ground, and the footprint on the
ground. Each gives a share for every vehicle and zone, and one threshold for each rule, chosen on
the validation cameras, makes a verdict of it. Rests on `parking.zones` and
`parking.footprint`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.detector import Detections
from helpers.masks import Mask
from parking.footprint import Footprint, fit, nearer_masks
from parking.zones import Camera

VEHICLES = ("car", "van")
"""Class names of what can be parked; everything else only hides."""

STRIP = 3
"""Height in pixels of the strip at the lower edge of a mask."""

MARGIN = 2
"""Columns this near to something nearer say nothing about where the mask meets the ground."""

DOUBLE = 0.6
"""Share of a mask that lies in another vehicle's; from here on both are one vehicle."""

Shares = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Vehicles:
    """The vehicles of one picture, with what may hide them; `vehicles` makes one."""

    boxes: np.ndarray  # (N, 4) pixels
    masks: np.ndarray  # (N, H, W) bool
    scores: np.ndarray  # (N,)
    class_names: tuple[str, ...]  # (N,)
    nearer: np.ndarray  # (N, H, W) bool: pixels of whatever stands lower in the picture
    camera: Camera

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def footprints(self) -> tuple[Footprint | None, ...]:
        """(N,), None where a mask is too small to say anything."""
        parts = zip(self.masks, self.class_names, self.nearer, strict=True)
        return tuple(fit(mask, name, self.camera, nearer=near) for mask, name, near in parts)


def vehicles(found: Detections, camera: Camera) -> Vehicles:
    """The cars and vans among a picture's detections."""
    kept = np.array([name in VEHICLES for name in found.class_names], bool)
    kept = _once(found, np.flatnonzero(kept & found.masks.any(axis=(1, 2))))
    doubled = [k for k, name in enumerate(found.class_names) if name in VEHICLES and k not in kept]
    near = nearer_masks(np.delete(found.masks, doubled, axis=0))
    near = np.insert(near, np.array(doubled, int) - np.arange(len(doubled)), False, axis=0)
    return Vehicles(
        boxes=found.boxes[kept],
        masks=found.masks[kept],
        scores=found.scores[kept],
        class_names=tuple(found.class_names[k] for k in kept),
        nearer=near[kept],
        camera=camera,
    )


def _once(found: Detections, candidates: np.ndarray) -> list[int]:
    """The candidates, best score first, without those that mostly lie in a better one.

    A detector suppresses doubles class by class: what may be a car or a van comes twice.
    """
    kept: list[int] = []
    for k in candidates[np.argsort(-found.scores[candidates], kind="stable")]:
        area = np.count_nonzero(found.masks[k])
        inside = [np.count_nonzero(found.masks[k] & found.masks[j]) / area for j in kept]
        if max(inside, default=0.0) < DOUBLE:
            kept.append(int(k))
    return kept


@lru_cache(maxsize=32)
def zone_masks(camera: Camera) -> NDArray[np.bool_]:
    """(Z, H, W): the pixels of each of `camera.forbidden`."""
    masks = [zone.mask(camera.size) for zone in camera.forbidden]
    return np.array(masks, bool).reshape(-1, *camera.size)


# --- the rules: (N, Z) shares of N vehicles in the Z zones of `camera.forbidden` ---------------


def box_rule(seen: Vehicles) -> Shares:
    """Share of the bounding box that covers the zone: what box detectors are used for."""
    boxes = np.zeros_like(seen.masks)
    for mask, (top, left, bottom, right) in zip(
        boxes, np.round(seen.boxes).astype(int), strict=True
    ):
        mask[max(top, 0) : bottom, max(left, 0) : right] = True
    return _shares(boxes, seen.camera)


def mask_rule(seen: Vehicles) -> Shares:
    """Share of the mask's pixels that lie over the zone."""
    return _shares(seen.masks, seen.camera)


def contact_rule(seen: Vehicles) -> Shares:
    """Share of the strip at the mask's lower edge that lies over the zone."""
    strips = [contact_strip(m, near) for m, near in zip(seen.masks, seen.nearer, strict=True)]
    return _shares(np.array(strips, bool).reshape(seen.masks.shape), seen.camera)


def footprint_rule(seen: Vehicles) -> Shares:
    """Share of the ground under the vehicle that lies in the zone."""
    zones = seen.camera.forbidden
    shares = np.zeros((len(seen), len(zones)))
    for row, footprint in zip(shares, seen.footprints, strict=True):
        if footprint is not None:
            row[:] = [footprint.share(zone) for zone in zones]
    return shares


Rule = Callable[[Vehicles], Shares]

RULES: Mapping[str, Rule] = {
    "box": box_rule,
    "mask": mask_rule,
    "contact": contact_rule,
    "footprint": footprint_rule,
}

THRESHOLDS: Mapping[str, float] = {
    "box": 0.235,
    "mask": 0.181,
    "contact": 0.312,
    "footprint": 0.087,
}
"""Least share that makes an offence. Chosen on Kerbside's validation cameras with masks of the
shipped Mask R-CNN: `python -m parking evaluate --stills-only` chooses them anew."""


def contact_strip(mask: Mask, nearer: Mask | None = None, height: int = STRIP) -> Mask:
    """The lowest pixels of each column of a mask: where the vehicle meets the ground.

    Columns that something nearer covers from below are left out; if that leaves none, all count.
    """
    mask = np.asarray(mask, bool)
    if not mask.any():
        return mask
    lowest = mask.shape[0] - 1 - np.argmax(mask[::-1], axis=0)
    columns = mask.any(axis=0)
    if nearer is not None and nearer.any():
        close = cv2.dilate(nearer.astype(np.uint8), np.ones((2 * MARGIN + 1,) * 2, np.uint8))
        free = columns & ~close.astype(bool)[lowest, np.arange(mask.shape[1])]
        columns = free if free.any() else columns
    rows = np.arange(mask.shape[0])[:, None]
    return mask & columns & (rows > lowest - height)


def _shares(regions: np.ndarray, camera: Camera) -> Shares:
    """(N, H, W) regions -> (N, Z) shares of their pixels in the zones."""
    zones = zone_masks(camera)
    pixels = camera.size[0] * camera.size[1]
    flat = regions.reshape(len(regions), pixels).astype(np.float32)
    both = flat @ zones.reshape(len(zones), pixels).T.astype(np.float32)
    return both / np.maximum(flat.sum(axis=1, keepdims=True), 1).astype(np.float64)


# --- verdicts ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What a rule says about one vehicle on one picture."""

    zone: str | None
    """The zone in which it has its largest share, whether that is enough or not."""
    share: float
    offends: bool


def verdicts(
    seen: Vehicles, rule: str = "footprint", threshold: float | None = None
) -> list[Verdict]:
    """One verdict for each vehicle; zones that need time are not decided on one picture."""
    threshold = THRESHOLDS[rule] if threshold is None else threshold
    zones = seen.camera.forbidden
    decided = [k for k, zone in enumerate(zones) if not zone.needs_time]
    if not decided:
        return [Verdict(None, 0.0, False)] * len(seen)
    result = []
    for row in RULES[rule](seen)[:, decided]:
        best = int(row.argmax())
        share = float(row[best])
        name = zones[decided[best]].name if share > 0 else None
        result.append(Verdict(name, share, share > 0 and share >= threshold))
    return result
