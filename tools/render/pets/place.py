"""Positions in a scene: directions away from the camera, floor level, free places.

`Place` also adds elements common to all surroundings: planes, walls, cloth, grass. It rests on
`blender`, `materials` and `shapes`. No lab introduces it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from tools.render.pets import materials
from tools.render.pets.blender import add_curves, add_mesh, add_object, bpy
from tools.render.pets.geometry import fractal_noise, lerp, smoothstep, vec
from tools.render.pets.hair import Strands, Style, grow
from tools.render.pets.pet import Pet
from tools.render.pets.shapes import grid_faces

KEEP_CLEAR = 4.0
"""Decimetres round the camera in which nothing is put: it would fill the picture."""


@dataclass
class Place:
    """Frame of a scene: the pet is at the origin, `back` points away from the camera."""

    seed: int
    pet: Pet
    camera_azimuth: float
    camera: np.ndarray
    rnd: random.Random
    rng: np.random.Generator

    def __post_init__(self):
        azimuth = self.camera_azimuth
        self.back = vec(-math.cos(azimuth), -math.sin(azimuth), 0)
        self.side = vec(-self.back[1], self.back[0], 0)
        self.floor = self.pet.floor
        self.twist = self.rnd.uniform(-0.4, 0.4)
        """Angle of the room to the line of sight, radians."""

    @property
    def facing(self) -> float:
        """Angle about z at which furniture faces the camera."""
        return self.camera_azimuth + math.pi / 2

    def spot(self, back: float, side: float, above: float = 0.0) -> np.ndarray:
        """A point so far behind the pet, so far to its side, so far above the floor."""
        return self.back * back + self.side * side + vec(0, 0, self.floor + above)

    def free_spot(self, nearest: float, farthest: float, spread: float) -> np.ndarray:
        """A random point of the floor behind the pet, not next to the camera."""
        while True:
            spot = self.spot(self.rnd.uniform(nearest, farthest), self.rnd.uniform(-spread, spread))
            if np.linalg.norm((spot - self.camera)[:2]) > KEEP_CLEAR:
                return spot

    def fur_colour(self) -> materials.Colour:
        """A colour that pets wear; often the very colour of this pet."""
        if self.rnd.random() < 0.35:
            return self.pet.colour
        return self.rnd.choice(materials.FUR_COLOURS)

    def add_floor(self, look, half: float = 60.0) -> None:
        """A square floor at the height of the pet's feet."""
        z = self.floor
        corners = [(-half, -half, z), (half, -half, z), (half, half, z), (-half, half, z)]
        add_mesh("floor", corners, [(0, 1, 2, 3)], look, smooth=False)

    def add_wall(self, look, distance: float, *, height=40.0, width=80.0, shift=0.0):
        """An upright rectangle behind the pet; `shift` moves it sideways."""
        mesh = bpy.data.meshes.new("wall")
        half = width / 2
        corners = [(-half, 0, 0), (half, 0, 0), (half, 0, height), (-half, 0, height)]
        mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
        mesh.materials.append(look)
        wall = add_object("wall", mesh)
        wall.location = tuple(self.spot(distance, shift))
        wall.rotation_euler = (0, 0, math.atan2(self.side[1], self.side[0]) + self.twist)

    def add_cloth(self, height: float, half=9.0, cells=90, above=0.0, look=None):
        """A creased sheet, flat under the pet; returns its vertices and faces."""
        steps = np.linspace(-half, half, cells + 1)
        x, y = np.meshgrid(steps, steps, indexing="ij")
        sheet = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3)
        away = 1 - 0.85 * np.exp(-((sheet[:, 0] / 2.2) ** 2 + (sheet[:, 1] / 1.3) ** 2))
        noise = fractal_noise(sheet * vec(0.45, 0.27, 0.45), self.seed)
        creases = 1 - np.abs(2 * noise - 1) * 1.6
        sheet[:, 2] = self.floor + above + (creases * away - 0.35) * height
        faces = grid_faces(cells, cells)
        add_mesh("cloth", sheet, faces, look or materials.fabric(self.rnd))
        return sheet, faces

    def add_blades(
        self, count: int, reach: float, length: float, colours, radius: float, bend: float = 0.4
    ) -> None:
        """Grass round the pet, denser near it, none right before the lens."""
        rng = self.rng
        distance, angle = reach * rng.random(count) ** 0.7, rng.random(count) * 2 * math.pi
        roots = np.stack(
            [distance * np.cos(angle), distance * np.sin(angle), np.full(count, self.floor)], axis=1
        )
        roots = roots - self.back * reach * 0.15
        clear = min(3.0, 0.6 * np.linalg.norm(self.camera[:2]))
        roots = roots[np.linalg.norm((roots - self.camera)[:, :2], axis=1) > clear]
        count = len(roots)
        lean = np.stack(
            [rng.normal(0, bend, count), rng.normal(0, bend, count), np.ones(count)], axis=1
        )
        length = rng.uniform(0.5, 1.2, (count, 1)) * length
        middle = roots + lean * length * 0.5
        tip = middle + lean * vec(1.8, 1.8, 0.7) * length * 0.5
        shade = rng.uniform(0.6, 1.3, (count, 1))
        shade = shade * (0.7 + 0.6 * fractal_noise(roots * 0.3, self.seed))[:, None]
        colour = np.array(colours)[rng.integers(0, len(colours), count)] * shade
        radii = np.tile(vec(1, 0.8, 0.15) * radius, (count, 1))
        strands = Strands(np.stack([roots, middle, tip], axis=1), radii, colour)
        add_curves("blades", strands, materials.painted(0.5, 0.3))

    def add_pile(self, sheet, faces, colour, length: float, count=40_000) -> None:
        """The pile of a rug."""
        noise = fractal_noise(sheet * 0.8, self.seed)[:, None]
        lying = np.tile(vec(0.5, 0.2, 0), (len(sheet), 1))
        style = Style(lift=0.7, clump=0.6, wildness=0.3, radius=0.025)
        lengths = np.full(len(sheet), length)
        pile = grow(
            sheet, faces, vec(*colour) * (0.6 + 0.8 * noise), lengths, lying, count, style, self.rng
        )
        add_curves("rug", pile, materials.painted(0.8, 0.1))

    def add_furry(self, vertices, faces, length=0.2, count=14_000) -> None:
        """Cover a mesh with fur in the colours of pets: it must not be told by colour alone."""
        rnd, seed = self.rnd, self.seed
        first, second = vec(*self.fur_colour()), vec(*self.fur_colour())
        if rnd.random() < 0.6:
            noise = fractal_noise(vertices * rnd.uniform(0.8, 3) + seed % 97, seed)
            share = smoothstep(noise, 0.48, 0.56)
        else:
            share = fractal_noise(vertices * 2, seed) * 0.3
        colours = lerp(first, second, share[:, None])
        add_mesh("furry", vertices, faces, materials.painted(0.8), colours * 0.8)
        lying = np.tile(vec(0, 0.3, -0.6), (len(vertices), 1))
        style = Style(lift=0.45, clump=0.6, radius=0.014)
        lengths = np.full(len(vertices), length)
        fur = grow(vertices, faces, colours, lengths, lying, count, style, self.rng)
        add_curves("furry", fur, materials.painted(0.5, 0.25))
