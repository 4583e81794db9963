"""Coordinate frame of a pet's body: spine, pose, and the list of its primitives.

Units are decimetres. A pet stands at the origin with its nose towards +x, its left towards +y and
up towards +z. `poses` places the spine and `limbs` adds the legs. It rests on `implicit` and
`geometry`. No lab introduces it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from tools.render.pets.breeds import Breed
from tools.render.pets.geometry import unit
from tools.render.pets.implicit import Capsule, Ellipsoid, Primitive


@dataclass
class Body:
    """Primitives of the trunk, legs and tail, and the position of the head.

    Attributes:
        neck_base, neck_end: ends of the neck, (3,).
        neck_direction: unit vector from the shoulders to the head.
        turned: rotation of the whole body, for pets that lie on their side.
        upper_side: +1 or -1, the side of the body that is on top when it lies on its side.
    """

    breed: Breed
    pose: str
    is_cat: bool
    rnd: random.Random
    shoulders: np.ndarray
    hips: np.ndarray
    turned: np.ndarray = field(default_factory=lambda: np.eye(3))
    upper_side: int = 1
    primitives: list[Primitive] = field(default_factory=list)
    neck_base: np.ndarray | None = None
    neck_end: np.ndarray | None = None
    neck_direction: np.ndarray | None = None
    stride: float = 0.0
    """How far the left foreleg steps forward when the pet stands."""

    @property
    def axis(self) -> np.ndarray:
        """Unit vector from the hips to the shoulders."""
        return unit(self.shoulders - self.hips)

    @property
    def up(self) -> np.ndarray:
        """Unit vector towards the back of the pet, square to `axis`."""
        up = unit(np.cross(self.axis, (0.0, 1.0, 0.0)))
        return up if up[2] > 0 else -up

    def capsule(self, part, a, b, radius_a, radius_b, *, up=(0, 0, 1), **options) -> None:
        """Add a capsule given in the body's own coordinates."""
        self.primitives.append(
            Capsule(
                part,
                self.turned @ a,
                self.turned @ b,
                radius_a,
                radius_b,
                up=self.turned @ np.asarray(up, float),
                **options,
            )
        )

    def ellipsoid(
        self, part, centre, radii, *, axes=None, flow=(-1, 0, 0), up=(0, 0, 1), **options
    ) -> None:
        """Add an ellipsoid given in the body's own coordinates."""
        axes = np.eye(3) if axes is None else axes
        self.primitives.append(
            Ellipsoid(
                part,
                self.turned @ centre,
                radii,
                axes=self.turned @ axes,
                flow=self.turned @ np.asarray(flow, float),
                up=self.turned @ np.asarray(up, float),
                **options,
            )
        )
