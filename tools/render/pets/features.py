"""Small parts of a pet with separate meshes: eyes, nose, mouth, whiskers, collar.

It rests on `head`, `materials` and `blender`. No lab introduces it.
"""

from __future__ import annotations

import math
import random

import numpy as np

from tools.render.pets import materials
from tools.render.pets.blender import add_curves, add_mesh
from tools.render.pets.body import Body
from tools.render.pets.geometry import frame_from, lerp, unit, vec
from tools.render.pets.hair import Strands
from tools.render.pets.head import Head, muzzle_tip
from tools.render.pets.implicit import mesh_of
from tools.render.pets.shapes import ball
from tools.render.pets.skin import PET_INDEX

_CAT_IRIS = (
    (0.45, 0.34, 0.07),
    (0.30, 0.36, 0.12),
    (0.48, 0.24, 0.05),
    (0.22, 0.34, 0.18),
    (0.38, 0.33, 0.13),
)
_DOG_IRIS = ((0.16, 0.065, 0.02), (0.09, 0.04, 0.016), (0.24, 0.11, 0.035))
_BLUE_IRIS = (0.16, 0.34, 0.62)


def iris_colour(is_cat: bool, coat: str, rnd: random.Random):
    """Linear RGB: blue for pointed and some pale cats, amber or green for others, or brown."""
    pale = coat in ("white", "rosette_pale") and rnd.random() < 0.5
    if is_cat and (coat.startswith("point") or pale):
        return _BLUE_IRIS
    if not is_cat and rnd.random() < 0.03:
        return _BLUE_IRIS
    return rnd.choice(_CAT_IRIS if is_cat else _DOG_IRIS)


def add_eyes(head: Head, iris, gaze: np.ndarray, rnd: random.Random) -> None:
    """Balls painted with white, iris, pupil and, usually, a catchlight."""
    slit = rnd.uniform(0.4, 1.0) if head.is_cat else 1.0
    pupil = rnd.uniform(0.38, 0.56) if head.is_cat else 0.44
    light = vec(rnd.uniform(-0.45, 0.45), rnd.uniform(0.2, 0.5))
    if rnd.random() > 0.85:
        light = vec(9, 9)
    if head.asleep:
        return
    white = vec(0.02, 0.015, 0.012) if head.is_cat else vec(0.05, 0.035, 0.03)
    look = materials.painted(0.06, 0.3)
    for eye in head.eyes:
        frame = frame_from(gaze + 0.18 * eye.opening.axes[:, 0])
        vertices, faces, on_ball = ball(eye.centre, eye.radius, frame, segments=48, rings=40)
        forward, across, up = on_ball.T
        radius = np.hypot(across, up)
        shading = (0.62 - 0.45 * up - 0.2 * radius).clip(0.08, 1)[:, None]
        colours = np.where(
            (radius > (0.78 if head.is_cat else 0.75))[:, None], white, vec(*iris) * shading
        )
        colours = np.where((np.hypot(across / slit, up) < pupil)[:, None], 0.004, colours)
        colours = np.where((forward > 0)[:, None], colours, 0.02)
        glint = (np.hypot(across - light[0], up - light[1]) < 0.17) & (forward > 0)
        colours = np.where(glint[:, None], 0.9, colours)
        add_mesh("eye", vertices, faces, look, colours, index=PET_INDEX)


def add_nose_and_mouth(head: Head, coat_colours: np.ndarray, rnd: random.Random) -> None:
    """The nose, and tongue and open mouth if the dog pants."""
    pink = head.is_cat and coat_colours.mean() > 0.12 and rnd.random() < 0.55
    colour = (0.42, 0.17, 0.14) if pink else (0.018, 0.015, 0.015)
    vertices, faces, _ = ball(head.nose[0], head.nose[1], head.frame, segments=20, rings=12)
    add_mesh("nose", vertices, faces, materials.plain(colour, 0.5, 0.3), index=PET_INDEX)
    for piece, colour in ((head.tongue, (0.55, 0.16, 0.15)), (head.mouth, (0.03, 0.008, 0.008))):
        if piece is not None:
            vertices, quads = mesh_of([piece], piece.radius_a / 5)
            add_mesh("mouth", vertices, quads, materials.plain(colour, 0.35), index=PET_INDEX)


def add_whiskers(head: Head, rnd: random.Random) -> list:
    """Add seven whiskers on each side; return the objects, which the label pass omits."""
    points = []
    for side in (-1, 1):
        for i in range(7):
            root = head.at(muzzle_tip(head) + 0.1, side * 0.3, -0.30 + 0.03 * (i % 3))
            away = vec(rnd.uniform(-0.1, 0.5), side, rnd.uniform(-0.35, 0.3))
            step = unit(head.frame @ away) * rnd.uniform(0.7, 1.5) * head.size
            sinking = vec(0, 0, -0.12 * np.linalg.norm(step))
            points.append([root, root + step * 0.5, root + step + sinking])
    points = np.array(points)
    radii = np.tile([0.0014, 0.001, 0.0005], (len(points), 1))
    strands = Strands(points, radii, np.full((len(points), 3), 0.6))
    return [add_curves("whiskers", strands, materials.painted(0.3, 0.5), index=PET_INDEX)]


def add_collar(body: Body, rnd: random.Random) -> None:
    """A band around the neck; it counts as pet, as in the original trimaps."""
    breed, steps, half_width = body.breed, 40, 0.07
    centre = lerp(body.neck_base, body.neck_end, 0.72)
    axis = unit(body.neck_end - body.neck_base)
    first = unit(np.cross(axis, vec(0.3, 0.9, 0.1)))
    second = np.cross(axis, first)
    angle = np.linspace(0, 2 * math.pi, steps, endpoint=False)[:, None]
    radius = breed.neck * 1.15 + breed.fur * 0.25
    ring = centre + radius * (np.cos(angle) * first + np.sin(angle) * second)
    vertices = np.concatenate([ring - axis * half_width, ring + axis * half_width])
    faces = [(i, (i + 1) % steps, steps + (i + 1) % steps, steps + i) for i in range(steps)]
    look = materials.plain(materials.bright_colour(rnd), 0.5)
    add_mesh("collar", vertices, faces, look, index=PET_INDEX)
