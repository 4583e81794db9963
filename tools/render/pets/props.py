"""Clutter: cushions, balls, boxes, bowls, books, plants, plush toys.

Many have fur colours, so that colour alone does not identify the pet. It rests on `place`,
`materials` and `shapes`. No lab introduces it.
"""

from __future__ import annotations

import numpy as np

from tools.render.pets import materials
from tools.render.pets.blender import add_curves, add_mesh
from tools.render.pets.geometry import turn, vec
from tools.render.pets.hair import Strands
from tools.render.pets.implicit import Ellipsoid, mesh_of
from tools.render.pets.place import Place
from tools.render.pets.shapes import ball, soft_box


def add_cushion(place: Place, centre, size, angle: float) -> None:
    """A cushion of cloth or of fur."""
    rnd = place.rnd
    vertices, faces = soft_box(centre, size, 0.3, 12, place.seed, puff=0.5)
    vertices = turn(vertices, angle, np.asarray(centre))
    if rnd.random() < 0.4:
        place.add_furry(vertices, faces, rnd.uniform(0.12, 0.35))
    else:
        add_mesh("cushion", vertices, faces, materials.fabric(rnd))


def add_clutter(place: Place, count: int, outdoors: bool) -> None:
    """Random objects on the floor behind and beside the pet."""
    indoor_only = () if outdoors else (_cushion, _paper, _paper, _shoe, _throw)
    makers = (_ball, _box, _plush, _plush, _pot, _bowl, *indoor_only)
    for _ in range(count):
        place.rnd.choice(makers)(place, place.free_spot(1.6, 6.0, 5.0))


def _ball(place: Place, spot) -> None:
    rnd, radius = place.rnd, place.rnd.uniform(0.25, 0.6)
    vertices, faces, _ = ball(spot + vec(0, 0, radius), (radius,) * 3)
    look = materials.fabric(rnd)
    if rnd.random() < 0.5:
        look = materials.plain(materials.bright_colour(rnd), 0.4)
    add_mesh("ball", vertices, faces, look)


def _box(place: Place, spot) -> None:
    rnd = place.rnd
    size = (rnd.uniform(0.5, 2), rnd.uniform(0.5, 2), rnd.uniform(0.2, 1.6))
    vertices, faces = soft_box(spot + vec(0, 0, size[2] / 2), size, 0.04, 6, place.seed)
    add_mesh("box", turn(vertices, rnd.uniform(0, 3), spot), faces, materials.furniture(rnd))


def _pot(place: Place, spot) -> None:
    radius = place.rnd.uniform(0.4, 0.8)
    centre = spot + vec(0, 0, radius)
    vertices, faces = soft_box(centre, (radius * 2,) * 3, radius * 0.8, 8, place.seed)
    add_mesh("pot", vertices, faces, materials.plain(materials.dull_colour(place.rnd), 0.3))


def _bowl(place: Place, spot) -> None:
    vertices, faces, _ = ball(spot + vec(0, 0, 0.15), (0.7, 0.7, 0.28))
    add_mesh("bowl", vertices, faces, materials.plain(materials.dull_colour(place.rnd), 0.2))


def _cushion(place: Place, spot) -> None:
    rnd = place.rnd
    size = (rnd.uniform(1.5, 3), rnd.uniform(1.5, 3), 1.0)
    add_cushion(place, spot + vec(0, 0, 0.6), size, rnd.uniform(0, 3))


def _paper(place: Place, spot) -> None:
    """Magazines and letters, each turned its own way."""
    rnd = place.rnd
    for i in range(rnd.randint(1, 3)):
        size = (rnd.uniform(1.0, 2.2), rnd.uniform(0.8, 1.6), 0.04)
        vertices, faces = soft_box(spot + vec(0, 0, 0.03 + 0.045 * i), size, 0.015, 3, place.seed)
        colour = materials.dull_colour(rnd, (0, 0.3), (0.4, 0.9))
        add_mesh(
            "paper",
            turn(vertices, rnd.uniform(0, 3), spot),
            faces,
            materials.plain(colour, rnd.uniform(0.25, 0.7)),
        )


def _shoe(place: Place, spot) -> None:
    rnd = place.rnd
    parts = (
        ((0, 0, 0.18), (1.3, 0.42, 0.18)),
        ((-0.55, 0, 0.5), (0.55, 0.38, 0.45)),
        ((0.3, 0, 0.35), (0.75, 0.36, 0.26)),
    )
    shapes = [Ellipsoid("shoe", spot + vec(*c), r, blend=0.15) for c, r in parts]
    vertices, faces = mesh_of(shapes, 0.07)
    angle, colour = rnd.uniform(0, 6), materials.dull_colour(rnd, (0, 0.6), (0.05, 0.5))
    add_mesh("shoe", turn(vertices, angle, spot), faces, materials.plain(colour, 0.5))


def _throw(place: Place, spot) -> None:
    """A heap of cloth, dropped."""
    rnd = place.rnd
    parts = [
        Ellipsoid(
            "heap",
            spot + vec(rnd.gauss(0, 0.6), rnd.gauss(0, 0.6), 0.15),
            (rnd.uniform(0.5, 1.1), rnd.uniform(0.4, 0.9), rnd.uniform(0.2, 0.5)),
            blend=0.3,
        )
        for _ in range(6)
    ]
    vertices, faces = mesh_of(parts, 0.09)
    if rnd.random() < 0.4:
        place.add_furry(vertices, faces, 0.12, 9_000)
    else:
        add_mesh("heap", vertices, faces, materials.fabric(rnd))


def _plush(place: Place, spot) -> None:
    """A furry lump with a ball on it, coloured like a pet, but no pet: no face, no legs."""
    rnd = place.rnd
    z = rnd.uniform(0.7, 1.2)
    parts = (
        ((0, 0, 0.6 * z), (0.6 * z, 0.6 * z, 0.65 * z)),
        ((0, 0, 1.45 * z), (0.42 * z,) * 3),
        ((0.3 * z, 0.3 * z, 0.25 * z), (0.25 * z,) * 3),
        ((-0.3 * z, 0.4 * z, 0.25 * z), (0.25 * z,) * 3),
    )
    shapes = [Ellipsoid("plush", spot + vec(*c), r, blend=0.15) for c, r in parts]
    vertices, faces = mesh_of(shapes, 0.09)
    place.add_furry(vertices, faces, 0.16, 9_000)


def add_bookshelf(place: Place, distance: float) -> None:
    """Three boards with books of all sizes."""
    rnd, seed = place.rnd, place.seed
    corner = place.spot(distance, rnd.uniform(-5, 5))
    board_look = materials.wood(rnd)
    for level in range(3):
        z = 1.0 + level * 2.6
        vertices, faces = soft_box(corner + vec(0, 0, z), (7, 1.6, 0.2), 0.03, 4, seed)
        add_mesh("shelf", turn(vertices, place.facing, corner), faces, board_look)
        x = -3.0
        while x < 3:
            if rnd.random() < 0.12:
                x += rnd.uniform(0.3, 1.2)
            width, height = rnd.uniform(0.15, 0.6), rnd.uniform(1.2, 2.2)
            centre = corner + vec(x, rnd.uniform(-0.15, 0.1), z + 0.1 + height / 2)
            vertices, faces = soft_box(centre, (width, 1.2, height), 0.03, 2, seed)
            colour = materials.dull_colour(rnd, (0.05, 0.7), (0.05, 0.7))
            add_mesh(
                "book", turn(vertices, place.facing, corner), faces, materials.plain(colour, 0.5)
            )
            x += width + 0.04


def add_plant(place: Place) -> None:
    """A tuft of long leaves."""
    rng, leaves = place.rng, 160
    spot = place.free_spot(4.5, 7.5, 5)
    lean = rng.normal(0, 0.6, (leaves, 3))
    lean[:, 2] = np.abs(lean[:, 2]) + 0.7
    length = rng.uniform(1.0, 2.6, (leaves, 1))
    roots = spot + rng.normal(0, 0.2, (leaves, 3)) * vec(1, 1, 0)
    tips = roots + lean * vec(1.7, 1.7, 0.8) * length
    points = np.stack([roots, roots + lean * length * 0.5, tips], axis=1)
    colours = vec(0.06, 0.10, 0.035) * rng.uniform(0.4, 1.6, (leaves, 1))
    strands = Strands(points, np.tile([0.03, 0.14, 0.01], (leaves, 1)), colours)
    add_curves("plant", strands, materials.painted(0.4, 0.4))


def add_occluder(place: Place, outdoors: bool) -> None:
    """Occasionally an object between camera and pet that occludes part of the pet."""
    rnd, chance = place.rnd, place.rnd.random()
    if chance < 0.08:
        centre = place.spot(-rnd.uniform(1.9, 2.6), rnd.uniform(-1.5, 1.5), 0.35)
        size = (rnd.uniform(1.6, 2.6), 0.8, 1.1)
        add_cushion(place, centre, size, place.facing + rnd.uniform(-0.4, 0.4))
    elif chance < 0.14:
        radius = rnd.uniform(0.3, 0.6)
        centre = place.spot(-1.9, rnd.uniform(-1.6, 1.6), radius)
        vertices, faces, _ = ball(centre, (radius,) * 3)
        add_mesh("ball", vertices, faces, materials.plain(materials.bright_colour(rnd), 0.4))
    elif chance < 0.18:
        centre = place.spot(-2.4, rnd.choice([-1, 1]) * rnd.uniform(0.9, 1.8), 5.0)
        vertices, faces = soft_box(centre, (0.5, 0.5, 10), 0.1, 4, place.seed)
        add_mesh("table leg", vertices, faces, materials.wood(rnd))
    elif chance < 0.26 and outdoors:
        _tall_grass(place)


def _tall_grass(place: Place) -> None:
    rng, blades = place.rng, 300
    roots = -place.back * place.rnd.uniform(1.5, 2.2) + place.side * rng.normal(0, 1.4, (blades, 1))
    roots = roots + place.back * rng.normal(0, 0.2, (blades, 1))
    roots[:, 2] = place.floor
    length, lean = rng.uniform(0.4, 1.2, (blades, 1)), rng.normal(0, 0.25, (blades, 3))
    lean[:, 2] = 1
    tips = roots + lean * vec(1.6, 1.6, 1) * length
    points = np.stack([roots, roots + lean * length * 0.6, tips], axis=1)
    colours = vec(0.15, 0.20, 0.06) * rng.uniform(0.5, 1.5, (blades, 1))
    strands = Strands(points, np.tile([0.03, 0.025, 0.004], (blades, 1)), colours)
    add_curves("tall grass", strands, materials.painted())
