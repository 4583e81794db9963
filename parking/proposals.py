"""Zones for a new camera, proposed by a network instead of drawn by hand.

Introduced in lab 5. Several pictures of one camera vote on what each pixel of the ground is;
vehicles and people abstain, so a car hides nothing for long. Regions become polygons (OpenCV's
contours, simplified) and polygons become zones that `parking.zones` checks and the rules
use. Only what has a look of its own can be proposed: sidewalk and crossing. Lanes, bus lanes,
hydrant bays and parking bays are road to the labels; a person has to draw them. Rests on OpenCV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.errors import ArrayError, explain
from helpers.masks import Labels, Mask
from helpers.street import CLASSES
from parking.zones import Camera, Zone

MOVING = ("vehicle", "person")
"""Classes that stand on the ground and hide it; they have no vote."""

PROPOSED = ("sidewalk", "crossing")
"""Classes that become zones of the same kind."""


@dataclass(frozen=True)
class Outlining:
    """How regions become polygons; the defaults were chosen on the validation cameras."""

    closing: int = 9
    """Pixels: gaps up to this wide are closed, such as poles leave."""
    smallest: int = 150
    """Pixels: smaller regions are dropped."""
    tolerance: float = 1.0
    """Pixels that a polygon's side may be off the region's outline (Douglas and Peucker, 1973)."""
    coarsest: float = 3.0
    """Metres of ground along the street that one row of pixels may span; beyond it, a calibrated
    camera proposes nothing, since nothing could be judged there."""


def vote(probabilities: np.ndarray) -> Labels:
    """What each pixel shows when nothing stands before it, by several pictures of one camera.

    Args:
        probabilities: (F, H, W, C) of `helpers.street.CLASSES`, or one-hot truth, for F pictures.

    Returns:
        (H, W) uint8: of the classes that do not move, the one with the largest sum. A pixel that
        was hidden in every picture gets the label that is left over from those small shares.
    """
    probabilities = np.asarray(probabilities)
    if probabilities.ndim != 4 or probabilities.shape[-1] != len(CLASSES) or not len(probabilities):
        expected = f"(F, H, W, {len(CLASSES)}) with F > 0"
        found = f"shape {probabilities.shape}"
        raise ArrayError(explain("probabilities", expected=expected, found=found))
    total = np.zeros(probabilities.shape[1:], np.float32)
    for each in probabilities:
        total += each
    total[..., [CLASSES.index(name) for name in MOVING]] = -1
    return total.argmax(axis=-1).astype(np.uint8)


def one_hot(labels: np.ndarray) -> NDArray[np.float16]:
    """(F, H, W) labels -> (F, H, W, C) certainties, so that `vote` takes a truth as well."""
    return np.eye(len(CLASSES), dtype=np.float16)[np.asarray(labels)]


def outlines(region: Mask, options: Outlining | None = None) -> list[NDArray[np.float64]]:
    """A region as polygons (K, 2) of x, y in pixels, largest first; holes are not kept.

    The polygons run along the outer edges of pixels, as the zones of camera files do.
    """
    options = options or Outlining()
    height, width = region.shape
    # One pixel larger on each side: a region at the frame's edge must not be closed against it.
    padded = np.pad(region.astype(np.uint8), options.closing, mode="edge")
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (options.closing, options.closing))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, window)
    closed = closed[options.closing : -options.closing, options.closing : -options.closing]
    # Twice as large, contours through the centres of pixels come near the edges of the old ones.
    twice = closed.repeat(2, axis=0).repeat(2, axis=1)
    found, _ = cv2.findContours(twice, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    polygons = []
    for contour in found:
        simple = cv2.approxPolyDP(contour, 2 * options.tolerance, closed=True)[:, 0]
        points = (simple + 0.5) / 2
        if len(points) >= 3 and cv2.contourArea(points.astype(np.float32)) >= options.smallest:
            polygons.append(points.clip(0, (width, height)))
    return sorted(polygons, key=lambda p: -cv2.contourArea(p.astype(np.float32)))


def propose(
    labels: Labels,
    camera: Camera | None = None,
    *,
    kerb: float = 0.13,
    options: Outlining | None = None,
) -> list[Zone]:
    """Zones from a map of the ground.

    Args:
        labels: (H, W) of `helpers.street.CLASSES`, best from `vote`.
        camera: if it is calibrated, the zones get their polygon on the ground as well.
        kerb: height of a sidewalk above the road in metres; 0.10 to 0.15 is usual.
        options: how regions become polygons.

    Returns:
        Zones named `sidewalk_1`, `crossing_1` and so on, the largest first.
    """
    zones, options = [], options or Outlining()
    near = _near_enough(camera, labels.shape, options.coarsest)
    for kind in PROPOSED:
        region = (labels == CLASSES.index(kind)) & near
        for number, points in enumerate(outlines(region, options), start=1):
            height = kerb if kind == "sidewalk" else 0.0
            zones.append(
                Zone(
                    name=f"{kind}_{number}",
                    kind=kind,
                    no_parking=True,
                    needs_time=False,
                    image=points,
                    ground=_ground(points, camera, height),
                    height=height,
                )
            )
    return zones


def _near_enough(camera: Camera | None, size: tuple[int, int], coarsest: float) -> Mask:
    """(H, W) bool: pixels that see ground, and no more of it than can be judged."""
    if camera is None or camera.homography is None:
        return np.ones(size, bool)
    rows, columns = np.mgrid[: size[0] + 1, : size[1]]
    ground = camera.to_ground(np.stack([columns + 0.5, rows], -1))
    span = np.linalg.norm(np.diff(ground, axis=0), axis=-1)
    return np.nan_to_num(span, nan=np.inf) <= coarsest


def _ground(points: np.ndarray, camera: Camera | None, height: float) -> np.ndarray | None:
    if camera is None or camera.homography is None:
        return None
    ground = camera.to_ground(points, height if camera.matrix is not None else 0.0)
    return ground if np.isfinite(ground).all() else None


def with_zones(camera: Camera, zones: Sequence[Zone]) -> Camera:
    """The camera with other zones of the proposed kinds; those that nobody can see are kept."""
    kept = [zone for zone in camera.zones if zone.kind not in PROPOSED]
    return replace(camera, zones=(*zones, *kept))


def agreement(
    proposed: Sequence[Zone], true: Sequence[Zone], size: tuple[int, int], kind: str
) -> float:
    """IoU, in the picture, of all zones of a kind with all true ones; NaN if there are none."""
    first, second = (_covered(zones, size, kind) for zones in (proposed, true))
    either = (first | second).sum()
    return float((first & second).sum() / either) if either else float("nan")


def _covered(zones: Sequence[Zone], size: tuple[int, int], kind: str) -> Mask:
    masks = [zone.mask(size) for zone in zones if zone.kind == kind]
    return np.any(masks, axis=0) if masks else np.zeros(size, bool)
