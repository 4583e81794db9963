"""Poses: course of the spine, with trunk, tail and neck around it. Legs are in `limbs`.

It rests on `body` and `geometry`. No lab introduces it.
"""

from __future__ import annotations

import math
import random

import numpy as np

from tools.render.pets.body import Body
from tools.render.pets.breeds import Breed
from tools.render.pets.geometry import direction, lerp, rotation_x, unit, vec
from tools.render.pets.limbs import add_legs

POSES = ("stand", "sit", "lie", "loaf", "side")
POSE_WEIGHTS = {"Cat": (2.6, 3.8, 2.0, 1.2, 1.4), "Dog": (3.0, 4.0, 3.0, 0.0, 1.3)}
TAIL_LINKS = 9


def build_body(breed: Breed, pose: str, is_cat: bool, side: int, rnd: random.Random) -> Body:
    """Trunk, legs, tail and neck of a pet.

    Args:
        breed: proportions of the animal.
        pose: one of `POSES`.
        is_cat: cats have higher hips and another tail.
        side: +1 or -1: where the belly points if the pet lies on its side (+1: to its +y).
        rnd: source of all choices.
    """
    body = _place_spine(breed, pose, is_cat, side, rnd)
    _add_trunk(body)
    add_legs(body)
    _add_tail(body)
    _add_neck(body)
    return body


def _place_spine(breed: Breed, pose: str, is_cat: bool, side: int, rnd: random.Random) -> Body:
    length, height = breed.body_length, breed.leg_height
    turned = np.eye(3)
    if pose == "stand":
        shoulders = vec(length / 2, 0, height)
        hips = vec(-length / 2, 0, height * (1.03 if is_cat else 1.0))
    elif pose == "sit":
        lean = math.radians(rnd.uniform(48, 64))
        hips = vec(-length * 0.32, 0, breed.rump * 0.95)
        shoulders = hips + length * 0.9 * vec(math.cos(lean), 0, math.sin(lean))
        shoulders[2] = max(shoulders[2], height)
    elif pose in ("lie", "loaf"):
        shoulders = vec(length / 2, 0, breed.chest * 1.12)
        hips = vec(-length * 0.45, 0, breed.rump * 0.95)
        if pose == "loaf":
            shoulders[0] *= 0.8
            hips[0] *= 0.85
    else:
        shoulders, hips = vec(length / 2, 0, 0), vec(-length / 2, 0, 0)
        turned = rotation_x(side * math.radians(rnd.uniform(74, 88)))
    return Body(breed, pose, is_cat, rnd, shoulders, hips, turned, upper_side=side)


def _add_trunk(body: Body) -> None:
    breed, axis, up = body.breed, body.axis, body.up
    arch = {"sit": 0.10, "side": 0.09 * breed.body_length, "loaf": 0.14}.get(body.pose, -0.02)
    middle = (body.shoulders + body.hips) / 2 + up * arch
    frame = np.stack([axis, vec(0, 1, 0), up], axis=1)
    chest, belly, rump = breed.chest, breed.belly, breed.rump
    body.ellipsoid(
        "torso",
        body.shoulders - up * chest * 0.22 - axis * chest * 0.25,
        (chest * 1.25, chest * 0.84, chest),
        blend=0.3,
        start=chest,
        flow=-axis,
        up=up,
        axes=frame,
    )
    body.capsule(
        "torso",
        body.shoulders - axis * chest * 0.6 - up * 0.10,
        middle - up * 0.06,
        chest * 0.86,
        belly * 0.92,
        blend=0.4,
        start=chest * 0.8,
        up=up,
        hair=1.1,
    )
    body.capsule(
        "torso",
        middle - up * 0.06,
        body.hips + axis * rump * 0.3,
        belly * 0.92,
        rump * 0.92,
        blend=0.4,
        start=breed.body_length * 0.5,
        up=up,
        hair=1.1,
    )
    body.ellipsoid(
        "torso",
        body.hips - axis * 0.05,
        (rump * 1.05, rump * 0.9, rump * 0.98),
        blend=0.3,
        start=breed.body_length,
        flow=-axis,
        up=up,
        axes=frame,
    )


def _add_tail(body: Body) -> None:
    """A chain of links that turns a little at every joint; it lies down where the pet does."""
    breed, rnd, axis, up, pose = body.breed, body.rnd, body.axis, body.up, body.pose
    sitting = pose == "sit"
    link = breed.tail_length / TAIL_LINKS
    turning = rnd.choice([-1, 1]) * rnd.uniform(0.1, 0.45)
    raised = breed.curled_tail or (pose == "stand" and rnd.random() < (0.5 if body.is_cat else 0.6))
    if pose == "stand" or breed.curled_tail:
        heading = unit(-axis * 0.7 + up * (1.0 if raised else -0.35))
    else:
        heading = unit(vec(-1, turning, 0))
    yaw, pitch = math.atan2(heading[1], heading[0]), math.asin(np.clip(heading[2], -1, 1))
    point = body.hips - axis * breed.rump * 0.85 + up * (-0.2 if sitting else breed.rump * 0.35)
    along = 0.0
    for i in range(TAIL_LINKS):
        if breed.curled_tail:
            pitch += 0.62
        elif pose == "stand":
            pitch += rnd.uniform(-0.05, 0.2) if raised else rnd.uniform(-0.12, 0.14)
            yaw += turning * 0.3
        elif pose == "side":
            # In the plane of the ground, which is the body's own x-z plane here.
            pitch += turning * 0.9
        else:
            yaw, pitch = yaw + turning * 1.05, 0.0
        after = point + link * direction(yaw, pitch)
        taper = (1 - 0.35 * i / TAIL_LINKS) if body.is_cat else (1.15 - 0.7 * i / TAIL_LINKS)
        radius = breed.tail * taper
        if pose in ("sit", "lie", "loaf") and not breed.curled_tail:
            after[2] = lerp(after[2], radius * 1.05, 0.6)
        body.capsule(
            "tail", point, after, radius, radius, blend=0.08, start=along, up=up, hair=1.25
        )
        along += link
        point = after


def _add_neck(body: Body) -> None:
    breed, rnd, pose = body.breed, body.rnd, body.pose
    if pose == "sit":
        heading = unit(vec(0.45, 0, 1))
    elif pose == "side":
        # The head is lifted a little off the ground, in world coordinates.
        heading = body.turned.T @ unit(vec(1.0, 0, rnd.uniform(0.05, 0.4)))
    else:
        lift = rnd.uniform(0.45, 0.9) if pose == "stand" else rnd.uniform(0.75, 1.1)
        heading = unit(vec(1.0, 0, lift * 1.1))
    base = body.shoulders + body.up * 0.12 - body.axis * 0.05
    end = base + heading * (breed.neck_length + breed.chest * 0.35)
    body.capsule("neck", base, end, breed.chest * 0.72, breed.neck, blend=0.3, hair=1.25)
    body.neck_base, body.neck_end = body.turned @ base, body.turned @ end
    body.neck_direction = unit(body.turned @ heading)
