"""Strands of hair rooted on a quad mesh, as arrays of curve points; Blender draws them later.

It rests on NumPy, `geometry` and `implicit`. No lab introduces it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.render.pets.geometry import unit, value_noise, vec
from tools.render.pets.implicit import vertex_normals


@dataclass(frozen=True)
class Strands:
    """Hair curves: points (N, K, 3) in decimetres, radii (N, K), colours (N, 3) linear RGB."""

    points: np.ndarray
    radii: np.ndarray
    colours: np.ndarray


@dataclass(frozen=True)
class Style:
    """Weights of the hair directions, which are mixed and then normalised."""

    lift: float = 0.38
    """0 lies along the flow, 1 stands on the skin."""
    clump: float = 0.35
    """Common drift of neighbours, which makes tufts."""
    wildness: float = 0.12
    """Standard deviation of each strand's own direction."""
    radius: float = 0.011
    weight: float = 0.12
    """How far the tips sink, in lengths."""


def grow(
    vertices: np.ndarray,
    quads: np.ndarray,
    colours: np.ndarray,
    lengths: np.ndarray,
    flow: np.ndarray,
    count: int,
    style: Style,
    rng: np.random.Generator,
    keep: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Strands:
    """Grow `count` strands on a mesh.

    Args:
        vertices: of the mesh, (N, 3).
        quads: of the mesh, (M, 4).
        colours: linear RGB at the vertices, (N, 3).
        lengths: hair length at the vertices, (N,) decimetres.
        flow: direction along which the hair lies, (N, 3).
        count: number of strands before `keep`.
        style: see `Style`.
        rng: source of all choices.
        keep: for roots (N, 3), which of them may carry hair, (N,) bool.
    """
    roots = _Roots(vertices, quads, lengths, count, rng)
    point = roots(vertices)
    normal = roots(vertex_normals(vertices, quads))
    length, lying = roots(lengths), roots(flow)
    # One corner's colour instead of the mean: markings keep their edges.
    colour = colours[roots.quads[np.arange(count), rng.integers(0, 4, count)]]
    if keep is not None:
        wanted = keep(point)
        point, normal, length, lying, colour = (
            values[wanted] for values in (point, normal, length, lying, colour)
        )
    count = len(point)
    lying = lying - (lying * normal).sum(axis=1, keepdims=True) * normal
    drift = np.stack([value_noise(point * 5, i) - 0.5 for i in (1, 2, 3)], axis=1) * 2
    heading = normal * style.lift + lying * (1 - style.lift)
    heading = heading + drift * style.clump * (length[:, None] > 0.1)
    heading = unit(heading + rng.normal(size=(count, 3)) * style.wildness)
    length = (length * rng.uniform(0.65, 1.15, count))[:, None]
    sinking = vec(0, 0, -1) * style.weight * length * 2
    middle = point + heading * length * 0.55
    tip = middle + unit(heading + lying * 0.5 + sinking) * length * 0.5
    shade = rng.normal(1, 0.10, (count, 1)).clip(0.6, 1.5)
    radii = np.tile(vec(1, 0.85, 0.2) * style.radius, (count, 1))
    return Strands(np.stack([point - normal * 0.01, middle, tip], axis=1), radii, colour * shade)


class _Roots:
    """Random points on quads, denser where hair is short; call it to interpolate vertex values."""

    def __init__(self, vertices, quads, lengths, count, rng):
        diagonals = (
            vertices[quads[:, 2]] - vertices[quads[:, 0]],
            (vertices[quads[:, 3]] - vertices[quads[:, 1]]),
        )
        area = np.linalg.norm(np.cross(*diagonals), axis=1)
        weight = area * np.clip(lengths[quads].mean(axis=1), 0.02, 0.2) ** -0.35
        self.quads = quads[rng.choice(len(quads), count, p=weight / weight.sum())]
        u, v = rng.random((count, 2)).T
        self.weights = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], axis=1)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        weights = self.weights if values.ndim == 1 else self.weights[..., None]
        return (values[self.quads] * weights).sum(axis=1)
