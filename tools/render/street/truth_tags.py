"""Difficulty tags of an instance: occlusion and size. Plain Python, no Blender."""

from __future__ import annotations

#: Visible areas in pixels below which an instance counts as small, and as medium.
SMALL, MEDIUM = 400, 2500
#: Below this many visible pixels nobody can judge an instance: it is marked as crowd.
TOO_SMALL = 24
#: Hidden shares of the silhouette below which occlusion counts as none, and as partial.
HARDLY_HIDDEN, HALF_HIDDEN = 0.1, 0.5


def occlusion_tag(entry: dict) -> str:
    """`none`, `partial`, `heavy`, or `hidden` if nothing is visible."""
    if not entry["visible_pixels"]:
        return "hidden"
    if entry["occlusion"] < HARDLY_HIDDEN:
        return "none"
    return "partial" if entry["occlusion"] < HALF_HIDDEN else "heavy"


def size_tag(pixels: int) -> str:
    """`small`, `medium` or `large`, by visible pixels."""
    return "small" if pixels < SMALL else "medium" if pixels < MEDIUM else "large"
