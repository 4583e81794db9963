"""Canvas of a coat: part, position and direction of every vertex, and common markings.

Colours are linear RGB (albedo). It rests on `geometry`; `coats` holds the coats themselves. No lab
introduces it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from tools.render.pets.geometry import fractal_noise, lerp, smoothstep, vec

BLACK_HAIR = (0.012, 0.011, 0.010)
WHITE_HAIR = (0.74, 0.71, 0.66)


@dataclass
class Canvas:
    """Input of a coat function, for N vertices.

    Attributes:
        points: positions (N, 3), decimetres.
        weights: part name -> share of that part (N,), summing to 1 over the parts.
        along: distance along the part (N,).
        above: -1 (under side) to 1 (upper side), (N,).
        head: coordinates in the head's frame (N, 3), in head sizes.
        tail_length: decimetres.
        seed, rnd: sources of variety.
    """

    points: np.ndarray
    weights: dict[str, np.ndarray]
    along: np.ndarray
    above: np.ndarray
    head: np.ndarray
    tail_length: float
    seed: int
    rnd: random.Random

    def __post_init__(self):
        self.colour = np.zeros_like(self.points)
        self.warp = fractal_noise(self.points * 1.6, self.seed) - 0.5
        self.fine = fractal_noise(self.points * 4, self.seed + 5, 2)
        self.headness = self.on("head", "muzzle", "ear")
        self.belly = smoothstep(-self.above, 0.15, 0.9) * self.on("torso", "neck")
        forward, _, up = self.head.T
        self.side = np.abs(self.head[:, 1])
        self.mask = smoothstep(forward, 0.35, 0.8) * smoothstep(-up, -0.35, 0.15) * self.headness
        self.lips = smoothstep(-up, 0.12, 0.4) * smoothstep(forward, 0.45, 0.75) * self.headness
        self.white = self.vary(WHITE_HAIR, 0.06)
        self.black = self.vary(BLACK_HAIR)

    def on(self, *parts: str) -> np.ndarray:
        """Share of these parts at every vertex, (N,)."""
        none = np.zeros(len(self.points))
        return sum((self.weights.get(part, none) for part in parts), none)

    def vary(self, colour, amount: float = 0.15) -> np.ndarray:
        """A colour with each channel up to `amount` off."""
        return vec(*(c * self.rnd.uniform(1 - amount, 1 + amount) for c in colour))

    def fill(self, colour) -> None:
        """Start the coat with one colour."""
        self.colour = np.broadcast_to(vec(*colour), self.points.shape).copy()

    def blend(self, colour, share) -> None:
        """Mix a colour (3,) or (N, 3) into the coat, by `share` (N,) or a number from 0 to 1."""
        share = np.clip(np.broadcast_to(share, len(self.points)), 0, 1)[:, None]
        self.colour = lerp(self.colour, np.asarray(colour, float), share)

    def stripes(self, frequency: float, low: float, high: float) -> np.ndarray:
        """Rings round every part, warped, fading on the belly."""
        wave = np.sin(self.along * frequency + self.warp * frequency * 0.66 + self.fine * 1.5)
        return smoothstep(wave, low, high) * (1 - 0.65 * self.belly)

    def tabby_face(self) -> np.ndarray:
        """The M on the forehead and the lines on the cheeks."""
        forward, _, up = self.head.T
        letter = smoothstep(np.sin(self.side * 13 + 0.4), 0.2, 0.75)
        letter = letter * smoothstep(up, 0.26, 0.42) * smoothstep(forward, -0.4, 0.1)
        cheeks = smoothstep(np.sin(up * 12 + self.side * 4), 0.5, 0.95)
        cheeks = cheeks * smoothstep(self.side, 0.52, 0.68) * smoothstep(0.5 - up, 0.1, 0.3)
        return np.clip(letter + cheeks, 0, 1) * self.on("head")

    def white_marks(self, amount: float) -> np.ndarray:
        """Chest, feet and blaze; `amount` from about -0.1 (little) to 0.5 (much)."""
        rough = fractal_noise(self.points * 1.1, self.seed + 11) - 0.5
        chest = smoothstep(-self.above + rough * 0.8, 0.55 - amount, 0.95 - amount)
        forward, _, up = self.head.T
        width = 0.16 + 0.5 * np.clip(0.1 - up, 0, 1) + 0.2 * amount - self.side
        blaze = smoothstep(width, 0, 0.07) * smoothstep(forward, 0.1, 0.3)
        blaze = blaze * self.headness * (1 - self.on("ear"))
        feet = smoothstep(self.along + rough, 1.3 - amount, 1.6 - amount) * self.on("leg")
        return np.clip(chest * self.on("torso", "neck") + blaze + self.on("paw") + feet, 0, 1)

    def blotches(self, scale: float, shift: int, low: float, high: float) -> np.ndarray:
        """Patches from noise."""
        noise = fractal_noise(self.points * scale + self.seed % 7, self.seed + shift, 2)
        return smoothstep(noise, low, high)
