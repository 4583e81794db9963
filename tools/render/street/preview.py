"""Visualisation: a frame beside its labels, footprints and zones.

Needs OpenCV, not Blender.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from . import FIRST_INSTANCE_ID
from .frames import Frame

if TYPE_CHECKING:
    from helpers.records import Example

#: Okabe-Ito colours (RGB) of the semantic classes, sky to pole.
SEMANTIC_COLOURS = np.array(
    [
        (86, 180, 233), (90, 90, 90), (204, 121, 167), (240, 228, 66), (170, 140, 100),
        (0, 158, 115), (0, 114, 178), (213, 94, 0), (30, 30, 30),
    ],
    np.uint8,
)
ZONE_COLOURS = {
    "sidewalk": (204, 121, 167), "crossing": (240, 228, 66), "bus_lane": (213, 94, 0),
    "hydrant": (230, 159, 0), "lane": (120, 120, 120), "parking": (0, 158, 115),
}


def semantic_labels(frame: Frame) -> np.ndarray:
    """Semantic labels (H, W) uint8 from the ids of a frame."""
    ids = frame.ids
    labels = np.maximum(ids.astype(int) - 1, 0)
    for entry in frame.facts["instances"]:
        labels[ids == entry["id"]] = 7 if entry["class"] == "person" else 6
    return labels.astype(np.uint8)


def overlay(frame: Frame, camera: dict, scale: int = 3) -> np.ndarray:
    """The picture enlarged, tinted by class, with zones, footprints and contact rectangles."""
    height, width = frame.ids.shape
    size = (width * scale, height * scale)
    big = cv2.resize(frame.image, size, interpolation=cv2.INTER_CUBIC)
    labels = SEMANTIC_COLOURS[semantic_labels(frame)]
    labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    picture = cv2.addWeighted(big, 0.65, labels, 0.35, 0)
    for zone in camera["zones"]:
        if zone["kind"] != "lane":
            _outline(picture, zone["polygon_image"], ZONE_COLOURS[zone["kind"]], scale, 1)
    ids = cv2.resize(frame.ids, size, interpolation=cv2.INTER_NEAREST)
    for entry in frame.facts["instances"]:
        mask = (ids == entry["id"]).astype(np.uint8)
        edges, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, edges, -1, (255, 255, 255), 1)
        if entry["class"] != "person":
            colour = (255, 60, 0) if entry["stands_in_zone"] else (0, 220, 120)
            _outline(picture, entry["footprint_image"], colour, scale, 2)
            _outline(picture, entry["contact_image"], (255, 255, 255), scale, 1)
    return picture


def _outline(picture: np.ndarray, polygon: list, colour: tuple, scale: int, width: int) -> None:
    if len(polygon) > 1:
        points = np.rint(np.array(polygon) * scale).astype(np.int32)
        cv2.polylines(picture, [points], True, colour, width, cv2.LINE_AA)


def overlay_example(example: Example, camera: dict) -> np.ndarray:
    """The same for a packed record, at the size of the picture."""
    ids = np.zeros(example.semantic.shape, np.uint8)
    for number, mask in zip(example.facts["objects"], example.masks, strict=True):
        ids[mask] = number
    ids = np.where(ids == 0, example.semantic + 1, ids).astype(np.uint8)
    return overlay(Frame(example.image, ids, example.amodal, example.facts), camera, scale=1)


def label_picture(frame: Frame) -> np.ndarray:
    """Labels in colours: classes for the street, a separate shade for every instance."""
    picture = SEMANTIC_COLOURS[semantic_labels(frame)].copy()
    rng = np.random.default_rng(1)
    for number in np.unique(frame.ids[frame.ids >= FIRST_INSTANCE_ID]):
        mask = frame.ids == number
        picture[mask] = picture[mask] // 3 + rng.integers(60, 170, 3).astype(np.uint8)
    return picture


def contact_sheet(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Pictures of one size side by side."""
    blank = np.zeros_like(pictures[0])
    pictures = pictures + [blank] * (-len(pictures) % columns)
    rows = [np.hstack(pictures[i : i + columns]) for i in range(0, len(pictures), columns)]
    return np.vstack(rows)
