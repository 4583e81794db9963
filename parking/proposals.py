"""Zones for a new camera, proposed by a network instead of drawn by hand.

Introduced in lab 5. Several pictures of one camera vote on what each pixel of the ground is;
vehicles and people abstain, so a car hides nothing for long. Regions become polygons (OpenCV's
contours, simplified), and polygons become zones. Only what has a look of its own can be proposed:
sidewalk and crossing. Lanes, bus lanes, hydrant bays and parking bays are road to the labels; a
person has to draw them. The constants were chosen on the validation cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from helpers.errors import ArrayError
from helpers.kerbside import SURFACES
from helpers.masks import Labels, Mask
from helpers.metrics import mask_iou
from parking.zones import Camera, Zone

MOVING = ("vehicle", "person")  # stand on the ground and hide it; they have no vote
PROPOSED = ("sidewalk", "crossing")  # become zones of the same kind
CLOSING = 9  # widest gap in pixels that is closed, such as poles leave
SMALLEST = 150  # pixels of the smallest region that is kept
TOLERANCE = 1.0  # pixels that a side may be off the outline (Douglas and Peucker, 1973)
COARSEST = 3.0
"""Metres of ground along the street that one row of pixels may span; beyond it, a calibrated
camera proposes nothing, since nothing could be judged there."""


def vote(probabilities: np.ndarray) -> Labels:
    """What each pixel shows when nothing stands before it, by several pictures of one camera.

    `probabilities` of `helpers.kerbside.SURFACES`, or one-hot truth, (F, H, W, C) of F pictures ->
    (H, W) uint8: of the classes that do not move the one with the largest sum, however small.

    >>> int(vote(np.eye(9)[[[[6]], [[3]]]]).squeeze())  # one pixel: a vehicle, then the crossing
    3
    """
    probabilities = np.asarray(probabilities)
    shape = probabilities.shape
    if len(shape) != 4 or shape[-1] != len(SURFACES) or not shape[0]:
        expected = f"(F, H, W, {len(SURFACES)}) with F > 0"
        raise ArrayError("probabilities", expected=expected, found=f"shape {shape}")
    total = probabilities.sum(axis=0, dtype=np.float32)
    total[..., [SURFACES.index(name) for name in MOVING]] = -1
    return total.argmax(axis=-1).astype(np.uint8)


def outlines(region: Mask) -> list[NDArray[np.float64]]:
    """A region as polygons (K, 2) of x, y along pixels' outer edges, largest first; no holes."""
    # One pixel larger on each side: a region at the frame's edge must not be closed against it.
    padded = np.pad(region.astype(np.uint8), CLOSING, mode="edge")
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (CLOSING, CLOSING))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, window)[CLOSING:-CLOSING, CLOSING:-CLOSING]
    # Twice as large, contours through the centres of pixels come near the edges of the old ones.
    twice = closed.repeat(2, axis=0).repeat(2, axis=1)
    found, _ = cv2.findContours(twice, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    polygons = []
    for contour in (each for each in found if cv2.contourArea(each) >= 4 * SMALLEST):
        whole = shapely.Polygon(((contour[:, 0] + 0.5) / 2).clip(0, region.shape[::-1]))
        # Sides must not cross: parts that hang by a corner are let go, and simplifying keeps to it.
        largest = max(shapely.get_parts(whole.buffer(0)), key=shapely.area).simplify(TOLERANCE)
        polygons.append(np.array(largest.exterior.coords[:-1]))
    return sorted(polygons, key=lambda p: -cv2.contourArea(p.astype(np.float32)))


def propose(labels: Labels, camera: Camera) -> list[Zone]:
    """Zones from a map of the ground, (H, W) labels of `helpers.kerbside.SURFACES` as `vote` makes.

    The largest of a kind is first. A calibrated camera's have their polygon on the ground as well.

    >>> [zone.name for zone in propose(np.full((9, 99), 3), Camera("new", (9, 99), ()))]
    ['crossing_1']
    """
    zones, near = [], np.ones(labels.shape, bool)
    if camera.homography is not None:  # ground, and no more of it in a row than can be judged
        rows, columns = np.mgrid[: labels.shape[0] + 1, : labels.shape[1]]
        ground = camera.to_ground(np.stack([columns + 0.5, rows], -1))
        span = np.linalg.norm(np.diff(ground, axis=0), axis=-1)
        near = np.nan_to_num(span, nan=np.inf) <= COARSEST
    for kind in PROPOSED:
        polygons = outlines((labels == SURFACES.index(kind)) & near)
        zones += [camera.drawn(f"{kind}_{k}", kind, p) for k, p in enumerate(polygons, start=1)]
    return zones


def with_zones(camera: Camera, zones: Sequence[Zone]) -> Camera:
    """The camera with other zones of the proposed kinds; those that nobody can see are kept.

    >>> sorted({z.kind for z in with_zones(read_camera(kerbside.camera_file(3000)), []).zones})
    ['lane', 'parking']
    """
    kept = [zone for zone in camera.zones if zone.kind not in PROPOSED]
    return replace(camera, zones=(*zones, *kept))


def agreement(
    proposed: Sequence[Zone], true: Sequence[Zone], size: tuple[int, int], kind: str
) -> float:
    """IoU, in the picture, of all zones of a kind with all true ones; NaN if there are none.

    >>> true = read_camera(kerbside.camera_file(3000)).zones
    >>> round(agreement(true[:1], true, (240, 320), "sidewalk"), 2)  # without the other two
    0.75
    """
    none = np.zeros(size, bool)
    both = (
        np.any([none, *(zone.mask(size) for zone in zones if zone.kind == kind)], axis=0)
        for zones in (proposed, true)
    )
    return mask_iou(*both, empty=float("nan"))
