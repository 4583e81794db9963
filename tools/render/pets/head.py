"""Coordinate frame and components of a head; `head_parts` models the parts.

Positions are in the head's frame (forward, left, up) in units of the head's size. It rests on
`implicit` and `geometry`. No lab introduces it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from tools.render.pets.breeds import Breed
from tools.render.pets.geometry import vec
from tools.render.pets.implicit import Capsule, Ellipsoid, Primitive


@dataclass
class Eye:
    """An almond opening in the skin, and the ball behind it."""

    opening: Ellipsoid
    centre: np.ndarray
    radius: float


@dataclass
class Head:
    """A head at `origin` with axes in the columns of `frame` (forward, left, up), `size` in dm."""

    breed: Breed
    is_cat: bool
    origin: np.ndarray
    frame: np.ndarray
    asleep: bool
    tongue_out: bool
    rnd: random.Random
    primitives: list[Primitive] = field(default_factory=list)
    ear_hollows: list[Capsule] = field(default_factory=list)
    eyes: list[Eye] = field(default_factory=list)
    nose: tuple[np.ndarray, np.ndarray] | None = None
    """Centre, decimetres, and half-axes in the head's frame, decimetres."""
    tongue: Capsule | None = None
    mouth: Capsule | None = None

    @property
    def size(self) -> float:
        """Half the length of the skull, decimetres: the unit of the head's frame."""
        return self.breed.head

    @property
    def cuts(self) -> list[Primitive]:
        """What is carved out of the skin."""
        openings = [] if self.asleep else [eye.opening for eye in self.eyes]
        return [*self.ear_hollows, *openings]

    def at(self, *position: float) -> np.ndarray:
        """World position of a point of the head's frame."""
        return self.origin + self.frame @ (vec(*position) * self.size)

    def local(self, points: np.ndarray) -> np.ndarray:
        """Coordinates of world points (N, 3) in the head's frame, in head sizes."""
        return ((points - self.origin) @ self.frame) / self.size

    def ellipsoid(self, part, centre, radii, *, blend=0.2, hair=1.0, flow=(-1, 0, 0.1)) -> None:
        """Add an ellipsoid given in the head's frame."""
        self.primitives.append(
            Ellipsoid(
                part,
                self.at(*centre),
                vec(*radii) * self.size,
                axes=self.frame,
                blend=blend * self.size,
                flow=self.frame @ vec(*flow),
                up=self.frame[:, 2],
                hair=hair,
            )
        )

    def capsule(
        self,
        part,
        a,
        b,
        radius_a,
        radius_b,
        *,
        blend=0.15,
        hair=1.0,
        flat=None,
        squash=1.0,
        flow=None,
    ) -> None:
        """Add a capsule given in the head's frame."""
        a, b = self.at(*a), self.at(*b)
        self.primitives.append(
            Capsule(
                part,
                a,
                b,
                radius_a * self.size,
                radius_b * self.size,
                blend=blend * self.size,
                flow=None if flow is None else self.frame @ vec(*flow),
                up=self.frame[:, 2],
                hair=hair,
                flat=None if flat is None else self.frame @ flat,
                squash=squash,
            )
        )


def muzzle_tip(head: Head) -> float:
    """Forward coordinate of the muzzle pads (cats) or of the muzzle's end (dogs)."""
    if head.is_cat:
        return 0.74 + 0.36 * head.breed.muzzle_reach
    return 0.62 + head.breed.muzzle_length
