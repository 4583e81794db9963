"""Trees of three families (round crowns, columns, birches) and shrubs, leaf by leaf.

Leaves are small quads scattered through balls; every leaf is a separate mesh island, so that the
leaf material can vary its green. Nine tree meshes are built once and turned, scaled and tinted per
tree.
"""

from __future__ import annotations

import bpy
import numpy as np

from .mesh import MeshBuilder, cached


def tree_mesh(kind: str) -> bpy.types.Mesh:
    """The mesh of `tree_<family>_<number>`."""
    _, family, number = kind.split("_")
    builders = {"round": _round, "column": _column, "birch": _birch}
    return cached(kind, lambda: builders[family](np.random.default_rng(int(number))))


def add_leaves(g: MeshBuilder, rng: np.random.Generator, centre: np.ndarray,
               radius: np.ndarray | float, count: int, size: float) -> None:
    """Scatter leaf quads through an ellipsoid, denser towards its surface."""
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    shell = np.sqrt(rng.uniform(0.35, 1.05, count))[:, None]
    for p in centre + directions * shell * radius:
        a, b = rng.normal(size=(2, 3)) * size
        g.quad((p - a, p + b, p + a, p - b), "leaf")


def _round(rng: np.random.Generator) -> MeshBuilder:
    g = MeshBuilder()
    fork = 2.3 + rng.uniform(0, 0.8)
    g.tube((0, 0, 0), (0.05, 0.03, fork + 0.8), 0.15, 0.09, "bark")
    for _ in range(7):
        x, y, rise = rng.normal(0, 0.8), rng.normal(0, 0.8), rng.uniform(0, 2.4)
        centre = np.array((x, y, fork + 1.2 + rise))
        g.tube((0, 0, fork), centre, 0.07, 0.02, "bark", sides=6)
        add_leaves(g, rng, centre, rng.uniform(0.8, 1.4), 900, 0.075)
    return g


def _column(rng: np.random.Generator) -> MeshBuilder:
    g = MeshBuilder()
    height = rng.uniform(6.5, 8.5)
    g.tube((0, 0, 0), (0, 0, height * 0.8), 0.13, 0.04, "bark")
    for z in np.linspace(1.9, height - 0.8, 6):
        t = (z - 1.9) / (height - 2.7)
        radius = (0.55 + 0.75 * np.sin(np.pi * (0.25 + 0.6 * t))) * 0.8
        centre = np.array((rng.normal(0, 0.08), rng.normal(0, 0.08), z))
        add_leaves(g, rng, centre, np.array((radius, radius, 1.0)), 800, 0.07)
    return g


def _birch(rng: np.random.Generator) -> MeshBuilder:
    """A light crown one can see through, on a white trunk."""
    g = MeshBuilder()
    height = rng.uniform(6.0, 7.5)
    g.tube((0, 0, 0), (0.08, 0.05, height), 0.11, 0.03, "birch_bark")
    for _ in range(12):
        z = rng.uniform(2.4, height)
        reach = 1.5 * (1.15 - z / height) + 0.3
        angle = rng.uniform(0, 2 * np.pi)
        centre = np.array((np.cos(angle) * reach, np.sin(angle) * reach, z))
        g.tube((0, 0, z - 0.5), centre, 0.03, 0.01, "bark", sides=5)
        add_leaves(g, rng, centre - (0, 0, 0.25), np.array((0.65, 0.65, 0.8)), 330, 0.065)
    return g


def shrub(g: MeshBuilder, seed: int, size: tuple[float, float, float], z: float) -> None:
    """Fill a box of leaves on top of something (a planter, a hedge)."""
    rng = np.random.default_rng(seed)
    for _ in range(4):
        centre = np.array((rng.uniform(-0.3, 0.3) * size[0], rng.uniform(-0.3, 0.3) * size[1],
                           z + size[2] * 0.45))
        add_leaves(g, rng, centre, np.array(size) * 0.36, 260, 0.05)
