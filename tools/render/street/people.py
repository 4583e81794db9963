"""People: eight looks in four phases of a stride and standing.

Small tubes and balls are enough at thirty pixels. Jacket colour comes from the object, trousers,
skin and hair are drawn per object by their materials.
"""

from __future__ import annotations

import math
import random

import bpy

from .mesh import MeshBuilder, cached

HIP, SHOULDER_HEIGHT = 0.88, 1.40


def person_mesh(look: int, phase: int | None) -> bpy.types.Mesh:
    """The mesh of a look (0 to 7) in a phase of the stride (0 to 3), or standing (None)."""
    name = f"person_{look}_{'standing' if phase is None else phase}"
    return cached(name, lambda: _build(look, phase))


def _build(look: int, phase: int | None) -> MeshBuilder:
    rnd = random.Random(f"kerbside person {look}")
    g = MeshBuilder()
    build = rnd.uniform(0.88, 1.15)
    stride = 0.0 if phase is None else rnd.uniform(0.32, 0.42) * math.sin(math.pi / 2 * phase + 0.6)
    dress = look % 4 == 2
    for side in (-1, 1):
        _leg(g, side, side * stride, dress)
        _arm(g, side, -side * stride * 0.8, build)
    g.tube((0, 0, 0.84), (0, 0.01, 1.12), 0.155 * build, 0.15 * build, "cloth")
    g.tube((0, 0.01, 1.10), (0, 0, SHOULDER_HEIGHT), 0.15 * build, 0.19 * build, "cloth")
    g.ball((0, 0, SHOULDER_HEIGHT - 0.01), (0.225 * build, 0.125, 0.10), "cloth")
    if dress:
        g.tube((0, 0, 0.55), (0, 0, 1.0), 0.25, 0.15, "cloth")
    g.tube((0, 0, 1.42), (0, 0.01, 1.54), 0.052, name="skin", sides=8)
    g.ball((0, 0.015, 1.63), (0.085, 0.105, 0.125), "skin")
    g.ball((0, -0.02, 1.665), (0.093, 0.105, 0.105), "hair")
    if look % 4 in (1, 2):
        g.ball((0, -0.06, 1.56), (0.09, 0.06, 0.12), "hair")
    if look % 3 == 0:
        g.box((0, -0.2, 1.22), (0.30, 0.16, 0.42), "plastic", 0.9)
    elif look % 3 == 1:
        g.box((0.30, 0.0, 0.72), (0.10, 0.32, 0.26), "wood", 0.9)
    return g


def _leg(g: MeshBuilder, side: int, step: float, dress: bool) -> None:
    """One leg swung by `step` metres at the foot; the trailing knee bends."""
    hip = (side * 0.09, 0.0, HIP)
    lift = 0.06 if step < 0 else 0.0
    foot = (side * 0.09, step, 0.07 + lift)
    knee = (side * 0.09, step * 0.45 + 0.06, 0.48)
    cloth = "skin" if dress else "trousers"
    g.tube(hip, knee, 0.095, 0.07, cloth, sides=8)
    g.tube(knee, foot, 0.068, 0.05, cloth, sides=8)
    g.ball((foot[0], foot[1] + 0.06, 0.05 + lift), (0.05, 0.13, 0.05), "hair")


def _arm(g: MeshBuilder, side: int, swing: float, build: float) -> None:
    shoulder = (side * 0.21 * build, 0.0, SHOULDER_HEIGHT - 0.03)
    elbow = (side * 0.25 * build, swing * 0.4 - 0.02, 1.12)
    hand = (side * 0.26 * build, swing + 0.04, 0.88)
    g.tube(shoulder, elbow, 0.06, 0.05, "cloth", sides=8)
    g.tube(elbow, hand, 0.05, 0.038, "cloth", sides=8)
    g.ball(hand, 0.048, "skin", 8, 5)
