"""Surroundings of the pet: rooms and gardens with ground, background, furniture and light.

It rests on `place`, `props` and `materials`. No lab introduces it.
"""

from __future__ import annotations

import math

import numpy as np

from tools.render.pets import materials, props
from tools.render.pets.blender import add_lamp, add_mesh, new_world
from tools.render.pets.geometry import direction, turn, vec
from tools.render.pets.place import Place
from tools.render.pets.shapes import soft_box

OUTDOOR_SHARE = 0.38
OUTDOORS = ("lawn", "lawn", "patio", "wild")
INDOORS = ("floor", "floor", "sofa", "sofa", "blanket", "blanket", "rug")


def build_surroundings(place: Place, camera_elevation: float) -> str:
    """Add everything but the pet; return the kind of place, such as "sofa" or "lawn"."""
    rnd = place.rnd
    outdoors = rnd.random() < OUTDOOR_SHARE
    kind = rnd.choice(OUTDOORS if outdoors else INDOORS)
    _GROUNDS[kind](place)
    if outdoors:
        _add_garden_background(place)
    else:
        _add_room_background(place, kind)
    props.add_clutter(place, rnd.choice((0, 1, 2, 3) if outdoors else (1, 2, 3, 4, 5)), outdoors)
    if rnd.random() < 0.25:
        props.add_plant(place)
    props.add_occluder(place, outdoors)
    _add_light(place, outdoors, camera_elevation)
    return kind


_GRASSES = (
    ((0.09, 0.135, 0.04), (0.13, 0.17, 0.055), (0.22, 0.21, 0.09)),
    ((0.055, 0.09, 0.03), (0.085, 0.125, 0.04), (0.14, 0.13, 0.06)),
    ((0.26, 0.23, 0.13), (0.18, 0.17, 0.08), (0.12, 0.13, 0.05)),
)


def _lawn(place: Place) -> None:
    rnd = place.rnd
    colours = rnd.choice(_GRASSES)
    place.add_floor(materials.ground(materials.scaled(colours[0], 0.6), 3.0))
    place.add_blades(30_000, 11.0, rnd.choice([0.3, 0.45, 0.8]), colours, 0.022)
    if rnd.random() < 0.5:
        _fallen_leaves(place)


def _wild(place: Place) -> None:
    rnd = place.rnd
    earth = rnd.choice([(0.22, 0.15, 0.09), (0.42, 0.35, 0.26), (0.12, 0.10, 0.07)])
    place.add_floor(materials.ground(earth, 4.0, 0.7, 0.2))
    place.add_blades(5_000, 9.0, 0.7, [(0.19, 0.20, 0.08), (0.33, 0.27, 0.15)], 0.02, 0.8)
    _fallen_leaves(place)


def _fallen_leaves(place: Place) -> None:
    """Dry leaves in the colours of fur."""
    colours = [(0.28, 0.15, 0.06), (0.20, 0.12, 0.06), (0.38, 0.26, 0.11)]
    place.add_blades(place.rnd.randint(150, 700), 9.0, 0.22, colours, 0.09, 2.0)


def _patio(place: Place) -> None:
    rnd = place.rnd
    makers = (
        lambda: materials.tiles(rnd),
        lambda: materials.ground((0.33, 0.31, 0.28), 5.0, 0.5),
        lambda: materials.wood(rnd),
        lambda: materials.ground((0.28, 0.20, 0.14), 8.0),
    )
    place.add_floor(rnd.choice(makers)())
    if rnd.random() < 0.5:
        _fallen_leaves(place)


def _floor(place: Place) -> None:
    rnd = place.rnd
    if rnd.random() < 0.25:
        carpet = materials.dull_colour(rnd, (0, 0.25), (0.15, 0.6))
        place.add_floor(materials.ground(carpet, 9.0, 0.5, 0.06))
    else:
        place.add_floor(rnd.choice([materials.wood, materials.wood, materials.tiles])(rnd))


def _rug(place: Place) -> None:
    rnd = place.rnd
    place.add_floor(materials.wood(rnd))
    sheet, faces = place.add_cloth(0.03, rnd.uniform(4, 9), 50, above=0.01)
    if rnd.random() < 0.7:
        colour = place.fur_colour() if rnd.random() < 0.6 else materials.dull_colour(rnd)
        place.add_pile(sheet, faces, colour, rnd.uniform(0.12, 0.35))


def _blanket(place: Place) -> None:
    rnd = place.rnd
    place.add_cloth(rnd.uniform(0.25, 0.7))
    for _ in range(rnd.randint(0, 3)):
        size = (rnd.uniform(2, 3.5), rnd.uniform(1, 1.6), rnd.uniform(2, 2.8))
        centre = place.free_spot(2.2, 4, 4) + vec(0, 0, 0.9)
        props.add_cushion(place, centre, size, place.camera_azimuth + rnd.uniform(-0.8, 0.8))


def _sofa(place: Place) -> None:
    """Seat, back and one arm, cushions against the back, a throw on the seat."""
    rnd = place.rnd
    look, back = materials.fabric(rnd), rnd.uniform(2.2, 3.0)
    angle = place.facing + place.twist * 0.6
    arm = rnd.choice([-1, 1]) * rnd.uniform(3, 6)
    parts = (
        (place.spot(-0.3, 0, -1.05), (16, 7.5, 2.1)),
        (place.spot(back + 1.2, 0, 1.6), (16, 2.0, 5.6)),
        (place.spot(0.8, arm, 0.8), (1.6, 6.0, 2.6)),
    )
    for centre, size in parts:
        vertices, faces = soft_box(centre, size, 0.35, 16, place.seed)
        add_mesh("sofa", turn(vertices, angle, centre), faces, look)
    for _ in range(rnd.randint(0, 3)):
        centre = place.spot(back - 0.2, rnd.uniform(-4, 4), 1.1)
        size = (rnd.uniform(2, 3), 0.9, rnd.uniform(1.9, 2.6))
        props.add_cushion(place, centre, size, angle + rnd.uniform(-0.4, 0.4))
    if rnd.random() < 0.45:
        place.add_cloth(0.12, 3.2, 60, above=0.02)


_GROUNDS = {
    "lawn": _lawn,
    "wild": _wild,
    "patio": _patio,
    "floor": _floor,
    "rug": _rug,
    "blanket": _blanket,
    "sofa": _sofa,
}


def _add_garden_background(place: Place) -> None:
    rnd = place.rnd
    kind, distance = rnd.choice(["hedge", "fence", "wall", "trees", "open"]), rnd.uniform(7, 22)
    if kind == "hedge":
        colour = rnd.choice([(0.05, 0.08, 0.03), (0.07, 0.08, 0.035), (0.035, 0.052, 0.025)])
        place.add_wall(materials.leaves(colour, rnd.uniform(1.2, 3)), distance)
    elif kind == "fence":
        place.add_wall(materials.wood(rnd), distance, height=14)
    elif kind == "wall":
        place.add_wall(materials.wall(rnd), distance)
    elif kind == "trees":
        colour = rnd.choice([(0.07, 0.10, 0.04), (0.10, 0.10, 0.05), (0.16, 0.12, 0.06)])
        look = materials.leaves(colour, rnd.uniform(0.5, 1.5))
        place.add_wall(look, distance * 1.6, height=30)
        for _ in range(5):
            trunk = place.free_spot(distance * 0.6, distance * 1.4, 12) + vec(0, 0, 8)
            width = rnd.uniform(0.7, 1.6)
            vertices, faces = soft_box(trunk, (width, width, 18), 0.4, 6, place.seed)
            add_mesh("trunk", vertices, faces, materials.ground((0.10, 0.07, 0.05), 3.0))


def _add_room_background(place: Place, kind: str) -> None:
    rnd = place.rnd
    distance = rnd.uniform(6.5, 14) if kind == "sofa" else rnd.uniform(4.2, 13)
    place.add_wall(materials.wall(rnd), distance)
    if rnd.random() < 0.45:
        skirting = materials.plain(materials.dull_colour(rnd, (0, 0.15), (0.4, 0.9)), 0.4)
        place.add_wall(skirting, distance - 0.15, height=1.1)
    if rnd.random() < 0.45:
        curtain_or_door = rnd.choice(
            [
                lambda: materials.fabric(rnd),
                lambda: materials.wood(rnd),
                lambda: materials.plain((0.78, 0.78, 0.76), 0.4),
            ]
        )()
        place.add_wall(
            curtain_or_door,
            distance - 0.3,
            height=30,
            width=rnd.uniform(4, 9),
            shift=rnd.uniform(-7, 7),
        )
    for _ in range(rnd.choice([0, 1, 2, 3, 4])):
        spot = place.free_spot(distance * 0.5 + 1.6, distance - 1.0, 9)
        size = (rnd.uniform(1.5, 5), rnd.uniform(1.5, 3), rnd.uniform(2, 9))
        vertices, faces = soft_box(spot + vec(0, 0, size[2] / 2), size, 0.12, 6, place.seed)
        vertices = turn(vertices, place.facing + place.twist, spot)
        add_mesh("furniture", vertices, faces, materials.furniture(rnd))
    if rnd.random() < 0.3:
        props.add_bookshelf(place, distance - 1.2)


def _tint(warmth: float) -> np.ndarray:
    """Colour of light: above 0 is warmer than white, below 0 cooler."""
    return np.clip(vec(1 + warmth, 1, 1 - warmth * 1.3), 0.2, 2)


def _add_light(place: Place, outdoors: bool, camera_elevation: float) -> None:
    """Sky or room light from all sides, sun or a window, now and then a flash."""
    rnd = place.rnd
    warmth = rnd.gauss(0.04, 0.07)
    brightness = 0.9 if outdoors else rnd.uniform(0.25, 0.8)
    ambient = _tint(-warmth * 0.5 + rnd.gauss(0, 0.03)) * brightness
    zenith = ambient * (vec(0.75, 0.9, 1.2) if outdoors else 0.8)
    world = new_world("light")
    height = world("SeparateXYZ", Vector=world("TexCoord").outputs["Generated"]).outputs[2]
    colour = world.ramp(
        height, (0.42, tuple(ambient * 0.55)), (0.55, tuple(ambient)), (1.0, tuple(zenith))
    )
    background = world("Background", Color=colour, Strength=1.0).outputs[0]
    world.tree.links.new(background, world("OutputWorld").inputs[0])
    azimuth = place.camera_azimuth + rnd.gauss(0, 1.1)
    if outdoors:
        if rnd.random() < 0.65:
            elevation = math.radians(rnd.uniform(20, 65))
            colour = _tint(0.12 if elevation < 0.6 else 0.04)
            add_lamp("SUN", rnd.uniform(3, 6), direction(azimuth, elevation), 0.02, colour)
        return
    window = direction(azimuth) * rnd.uniform(7, 11) + vec(0, 0, rnd.uniform(3, 9))
    add_lamp("AREA", rnd.uniform(900, 3500), window, rnd.uniform(2, 7), _tint(warmth))
    if rnd.random() < 0.3:
        flash = direction(place.camera_azimuth, camera_elevation) * 9 + vec(0, 0, 1)
        add_lamp("AREA", rnd.uniform(500, 1400), flash, 0.5, _tint(0.02))
