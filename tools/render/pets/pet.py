"""Construction of one pet in the scene: body, head, skin with coat and hair, small parts.

It combines `body`, `head`, `skin` and `features`. No lab introduces it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from tools.render.pets import contract
from tools.render.pets.body import Body
from tools.render.pets.breeds import individual
from tools.render.pets.features import (
    add_collar,
    add_eyes,
    add_nose_and_mouth,
    add_whiskers,
    iris_colour,
)
from tools.render.pets.geometry import direction, frame_from, unit, vec
from tools.render.pets.head_parts import build_head
from tools.render.pets.poses import POSE_WEIGHTS, POSES, build_body
from tools.render.pets.skin import BARE_BELOW, Skin


@dataclass
class Pet:
    """Properties of a pet needed by camera, surroundings and ground truth."""

    species: str
    breed: str
    coat: str
    pose: str
    asleep: bool
    vertices: np.ndarray
    """All vertices of the skin, (N, 3) decimetres."""
    head_vertices: np.ndarray
    """Vertices of head, muzzle and ears, (M, 3) decimetres."""
    face_points: np.ndarray
    """Eyes, nose and brow, (K, 3): what must be seen for a face to be seen."""
    head: np.ndarray
    head_size: float
    colour: tuple[float, float, float]
    """Mean colour of the coat, linear RGB, for distractors that wear it too."""
    floor: float
    """Height of the lowest point: the ground lies there."""
    unlabelled: list = field(default_factory=list)
    """Objects left out of the label pass: whiskers, thinner than a pixel."""


def build_pet(
    seed: int,
    side_pose_side: int,
    camera_azimuth: float,
    camera_elevation: float,
    pose: str,
    rnd: random.Random,
    rng: np.random.Generator,
) -> Pet:
    """Build the pet of a seed in the current scene, usually with its head turned to the camera.

    Args:
        seed: decides species and breed, and seeds noise.
        side_pose_side: +1 or -1, where the belly points if the pet lies on its side.
        camera_azimuth: direction of the camera, radians.
        camera_elevation: the same, above the horizon.
        pose: one of `poses.POSES`.
        rnd: source of all other single choices.
        rng: source of all other choices by the thousand.
    """
    species, name = contract.species_of(seed), contract.breed_of(seed)
    is_cat = species == "Cat"
    breed = individual(name, rnd)
    coat = rnd.choice(breed.coats)
    asleep = pose in ("lie", "loaf", "side") and rnd.random() < 0.18
    tongue_out = not is_cat and not asleep and rnd.random() < 0.4
    body = build_body(breed, pose, is_cat, side_pose_side, rnd)
    looks = rnd.random() < 0.88
    origin, frame = _place_head(body, asleep, looks, camera_azimuth, camera_elevation)
    head = build_head(breed, is_cat, origin, frame, asleep, tongue_out, rnd)
    skin = Skin(body, head, coat, seed, rnd)
    skin.add(rng)
    gaze = frame[:, 0] + (0.6 * direction(camera_azimuth, camera_elevation) if looks else 0)
    add_eyes(head, iris_colour(is_cat, coat, rnd), unit(gaze), rnd)
    add_nose_and_mouth(head, skin.colours, rnd)
    whiskers = add_whiskers(head, rnd) if is_cat and breed.fur > BARE_BELOW else []
    if rnd.random() < (0.12 if is_cat else 0.35):
        add_collar(body, rnd)
    on_head = sum(skin.weights.get(part, 0) for part in ("head", "muzzle", "ear")) > 0.5
    face = [eye.opening.centre for eye in head.eyes] + [head.nose[0], head.at(0.75, 0, 0.35)]
    return Pet(
        species=species,
        breed=name,
        coat=coat,
        pose=pose,
        asleep=asleep,
        vertices=skin.vertices,
        head_vertices=skin.vertices[on_head],
        face_points=np.array(face),
        head=origin,
        head_size=breed.head,
        colour=tuple(skin.colours.mean(axis=0).tolist()),
        floor=float(skin.vertices[:, 2].min()) if pose == "side" else 0.0,
        unlabelled=whiskers,
    )


def choose_pose(species: str, rnd: random.Random) -> str:
    """A pose, with frequencies roughly as in photographs of pets."""
    return rnd.choices(POSES, POSE_WEIGHTS[species])[0]


def _place_head(body: Body, asleep: bool, looks: bool, azimuth: float, elevation: float):
    """Origin and frame of the head: on the neck, turned towards the camera if the pet looks."""
    rnd, size = body.rnd, body.breed.head
    if looks:
        yaw = float(np.clip(azimuth + rnd.gauss(0, 0.28), -1.25, 1.25))
        pitch = rnd.gauss(0, 0.12) + 0.55 * elevation
    else:
        yaw = float(np.clip(rnd.gauss(0.6 * azimuth, 0.4), -1.25, 1.25))
        pitch = rnd.gauss(0, 0.12) - 0.05
    roll = rnd.gauss(0, 0.12)
    neck_end = body.neck_end
    if body.pose == "side":
        roll += body.upper_side * rnd.uniform(0.25, 0.7)
    if asleep:
        pitch = rnd.uniform(-0.25, -0.05)
        neck_end = neck_end * vec(1, 1, 0.55)
    frame = frame_from(direction(yaw, pitch), roll)
    return neck_end + frame @ vec(0.30, 0, 0.22) * size, frame
