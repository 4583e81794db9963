"""Street furniture: lamps, signs, hydrants, bins, benches, bicycles, bollards, planters.

Each function builds one item at the origin; `furniture_mesh(kind)` caches them. Most items are
labelled `pole`, the class of all thin or small street furniture.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy

from .mesh import MeshBuilder, cached
from .trees import shrub

LAMP_HEIGHT, LAMP_REACH = 6.7, 1.6


def furniture_mesh(kind: str) -> bpy.types.Mesh:
    """The mesh of a kind of furniture."""
    return cached(f"furniture_{kind}", _BUILDERS[kind])


def _lamp() -> MeshBuilder:
    """A street lamp reaching over the road towards +x."""
    g = MeshBuilder()
    g.tube((0, 0, 0), (0, 0, 0.9), 0.11, 0.1, "metal")
    g.tube((0, 0, 0.9), (0, 0, 6.5), 0.075, 0.055, "metal")
    g.tube((0, 0, 6.4), (LAMP_REACH - 0.2, 0, 6.8), 0.045, 0.035, "metal")
    g.box((LAMP_REACH, 0, LAMP_HEIGHT + 0.08), (0.65, 0.22, 0.1), "metal", 0.8)
    g.box((LAMP_REACH, 0, LAMP_HEIGHT + 0.02), (0.5, 0.15, 0.03), "street_lamp")
    return g


def _sign() -> MeshBuilder:
    g = MeshBuilder()
    g.tube((0, 0, 0), (0, 0, 2.5), 0.03, name="metal", sides=8)
    g.tube((0, -0.02, 2.5), (0, -0.045, 2.5), 0.3, name="tinted", sides=20)
    g.tube((0, -0.04, 2.5), (0, -0.05, 2.5), 0.22, name="trim", sides=20)
    g.box((0, -0.03, 2.05), (0.42, 0.02, 0.24), "trim")
    return g


def _hydrant() -> MeshBuilder:
    g = MeshBuilder()
    g.tube((0, 0, 0), (0, 0, 0.62), 0.13, 0.12, "tinted")
    g.ball((0, 0, 0.64), (0.14, 0.14, 0.12), "tinted")
    g.tube((-0.2, 0, 0.45), (0.2, 0, 0.45), 0.06, name="tinted")
    g.tube((0, 0, 0), (0, 0, 0.07), 0.18, name="tinted")
    return g


def _bin() -> MeshBuilder:
    """A wheeled household bin."""
    g = MeshBuilder()
    g.box((0, 0, 0.52), (0.48, 0.50, 0.90), "tinted", 1.15)
    g.box((0, 0.02, 1.0), (0.58, 0.62, 0.07), "tinted", 0.92)
    for side in (-1, 1):
        g.tube((side * 0.26 - 0.03, 0.22, 0.1), (side * 0.26 + 0.03, 0.22, 0.1), 0.1, name="tyre")
    return g


def _litter_bin() -> MeshBuilder:
    g = MeshBuilder()
    g.tube((0, 0, 0), (0, 0, 1.15), 0.035, name="metal", sides=8)
    g.tube((0.2, 0, 0.5), (0.2, 0, 1.0), 0.18, 0.2, "tinted", sides=14)
    g.tube((0.2, 0, 1.0), (0.2, 0, 1.04), 0.215, name="metal", sides=14)
    return g


def _cabinet() -> MeshBuilder:
    g = MeshBuilder()
    g.box((0, 0, 0.55), (0.4, 1.0, 1.1), "tinted")
    g.box((0, 0, 1.12), (0.46, 1.06, 0.06), "metal")
    return g


def _bench() -> MeshBuilder:
    g = MeshBuilder()
    for k in range(3):
        g.box((0, -0.15 + 0.15 * k, 0.45), (1.6, 0.11, 0.04), "wood")
        g.box((0, 0.24, 0.58 + 0.13 * k), (1.6, 0.03, 0.09), "wood")
    for side in (-1, 1):
        g.box((side * 0.65, 0.02, 0.22), (0.05, 0.42, 0.44), "metal")
        g.box((side * 0.65, 0.26, 0.65), (0.05, 0.04, 0.5), "metal")
    return g


def _bicycle() -> MeshBuilder:
    """A bicycle along y, leaning on nothing."""
    g = MeshBuilder()
    rear, front = (0, -0.52, 0.34), (0, 0.52, 0.34)
    saddle, head, crank = (0, -0.2, 0.88), (0, 0.38, 0.85), (0, -0.08, 0.32)
    for hub in (rear, front):
        g.ring(hub, 0.33, 0.022, "tyre")
        for z in (-0.31, 0.31):
            g.tube(hub, (0, hub[1], hub[2] + z), 0.006, name="metal", sides=4)
        for y in (-0.31, 0.31):
            g.tube(hub, (0, hub[1] + y, hub[2]), 0.006, name="metal", sides=4)
    for a, b in ((saddle, crank), (crank, head), (saddle, head), (crank, rear), (saddle, rear),
                 (head, front)):
        g.tube(a, b, 0.02, name="tinted", sides=6)
    g.tube((-0.28, 0.36, 1.0), (0.28, 0.36, 1.0), 0.015, name="plastic", sides=6)
    g.tube(head, (0, 0.36, 1.0), 0.018, name="metal", sides=6)
    g.ball((0, -0.22, 0.93), (0.08, 0.14, 0.035), "plastic")
    return g


def _bollard() -> MeshBuilder:
    g = MeshBuilder()
    g.tube((0, 0, 0), (0, 0, 0.85), 0.06, name="metal")
    g.tube((0, 0, 0.70), (0, 0, 0.78), 0.065, name="trim")
    g.ball((0, 0, 0.86), 0.07, "metal")
    return g


def _planter() -> MeshBuilder:
    g = MeshBuilder()
    g.box((0, 0, 0.25), (0.55, 1.4, 0.5), "kerb", 1.08)
    shrub(g, 5, (0.6, 1.4, 0.8), 0.5)
    return g


_BUILDERS: dict[str, Callable[[], MeshBuilder]] = {
    "lamp": _lamp, "sign": _sign, "hydrant": _hydrant, "bin": _bin, "litter_bin": _litter_bin,
    "cabinet": _cabinet, "bench": _bench, "bicycle": _bicycle, "bollard": _bollard,
    "planter": _planter,
}
