"""Legs and paws of a pet for each pose, as chains of capsules from joint to joint.

It rests on `body` (proportions and pose) and `implicit`. No lab introduces it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tools.render.pets.body import Body
from tools.render.pets.geometry import lerp, unit, vec


def add_legs(body: Body) -> None:
    """Add four legs to the body, in its pose."""
    for side in (-1, 1):
        if body.pose == "stand":
            _standing_legs(body, side)
        elif body.pose == "sit":
            _sitting_legs(body, side)
        elif body.pose == "side":
            _relaxed_legs(body, side)
        else:
            _lying_legs(body, side)


def _limb(body: Body, joints: Sequence, radii: Sequence[float], start: float = 0.0) -> None:
    """Capsules from joint to joint; `start` is the coordinate along the leg at the first joint."""
    for a, b, radius_a, radius_b in zip(joints, joints[1:], radii, radii[1:], strict=False):
        a, b = np.asarray(a, float), np.asarray(b, float)
        body.capsule("leg", a, b, radius_a, radius_b, blend=0.10, start=start, hair=0.75)
        start += float(np.linalg.norm(b - a))


def _paw(body: Body, at, heading: tuple[float, float] = (1, 0)) -> None:
    """A paw on the ground with three toes, in front of the joint `at`."""
    radius = body.breed.leg * 1.18
    forward = vec(*unit(vec(*heading)), 0)
    left = vec(-forward[1], forward[0], 0)
    axes = np.stack([forward, left, vec(0, 0, 1)], axis=1)
    centre = vec(at[0], at[1], radius * 0.72) + forward * 0.14
    body.ellipsoid(
        "paw",
        centre,
        (radius * 1.45, radius * 1.05, radius * 0.78),
        blend=0.08,
        axes=axes,
        hair=0.5,
    )
    for across in (-0.62, 0, 0.62):
        toe = centre + forward * radius * (1.05 - 0.25 * abs(across)) + left * across * radius
        body.ellipsoid(
            "paw",
            toe,
            (radius * 0.5, radius * 0.36, radius * 0.52),
            blend=0.03,
            axes=axes,
            hair=0.3,
        )


def _standing_legs(body: Body, side: int) -> None:
    breed, leg, height = body.breed, body.breed.leg, body.breed.leg_height
    width_front, width_back = breed.chest * 0.62, breed.rump * 0.62
    if side == -1:
        body.stride = body.rnd.uniform(-0.25, 0.25)
    front = body.stride * side
    back = -front
    y = side * width_front
    shoulder = body.shoulders + vec(-0.1, y, -0.25)
    elbow = body.shoulders + vec(-0.28 + front * 0.3, y, -height * 0.48)
    wrist = body.shoulders + vec(-0.02 + front, y * 0.92, -height * 0.80)
    front_paw = body.shoulders + vec(0.02 + front * 1.15, y * 0.92, -height + 0.08)
    radii = [leg * 2.1, leg * 1.25, leg * 0.98, leg * 0.95]
    _limb(body, [shoulder, elbow, wrist, front_paw], radii)
    y = side * width_back
    hip = body.hips + vec(0.05, y * 0.8, -0.1)
    knee = body.hips + vec(0.34 + back * 0.4, y * 1.05, -height * 0.46)
    hock = body.hips + vec(-0.30 + back * 0.9, y, -height * 0.66)
    back_paw = body.hips + vec(-0.16 + back * 1.1, y, -height + 0.08)
    _limb(body, [hip, knee, hock, back_paw], [leg * 2.7, leg * 1.7, leg * 0.95, leg * 0.95], 0.2)
    _paw(body, front_paw)
    _paw(body, back_paw)


def _sitting_legs(body: Body, side: int) -> None:
    breed, leg, rnd = body.breed, body.breed.leg, body.rnd
    width_front, width_back = breed.chest * 0.62, breed.rump * 0.62
    shoulder = body.shoulders + vec(-0.05, side * width_front * 0.95, -0.2)
    paw = vec(body.shoulders[0] + rnd.uniform(0.0, 0.18), side * width_front * 0.72, 0.1)
    elbow = lerp(shoulder, paw, 0.45) + vec(-0.12, 0, 0)
    joints = [shoulder, elbow, lerp(shoulder, paw, 0.85), paw]
    _limb(body, joints, [leg * 2.0, leg * 1.25, leg * 0.98, leg * 0.98])
    _paw(body, paw, (1, side * 0.12))
    knee = body.hips + vec(breed.rump * 1.35, side * (width_back + 0.32), breed.rump * 0.25)
    foot = vec(body.hips[0] + breed.rump * 0.15, side * (width_back + 0.42), leg)
    _folded_hind_leg(body, side, knee, foot, breed.rump * 0.72, breed.rump * 1.5, splay=0.3)


def _lying_legs(body: Body, side: int) -> None:
    """On the belly: forelegs stretched forward, or folded under the chest for a loaf."""
    breed, leg, rnd = body.breed, body.breed.leg, body.rnd
    width_front, width_back = breed.chest * 0.62, breed.rump * 0.62
    shoulder = body.shoulders + vec(-0.05, side * width_front, -0.2)
    elbow = vec(body.shoulders[0] - 0.35, side * (width_front + 0.08), leg * 1.6)
    reach = breed.leg_height * (0.08 if body.pose == "loaf" else 0.42) + rnd.uniform(-0.2, 0.2)
    inward = 0.75 + rnd.uniform(-0.24, 0.24)
    paw = vec(body.shoulders[0] + reach, side * width_front * inward, leg * 0.9)
    joints = [shoulder, elbow, lerp(elbow, paw, 0.6), paw]
    _limb(body, joints, [leg * 2.0, leg * 1.35, leg, leg])
    _paw(body, paw, (1, -side * 0.15))
    knee = vec(body.hips[0] + breed.rump * 1.35, side * (width_back + 0.42), breed.rump * 0.8)
    foot = vec(body.hips[0] + breed.rump * 0.1, side * (width_back + 0.55), leg)
    _folded_hind_leg(body, side, knee, foot, breed.rump * 0.75, breed.rump * 1.25, splay=0.2)


def _folded_hind_leg(body, side, knee, foot, thigh, length, splay) -> None:
    leg = body.breed.leg
    hip = body.hips + vec(0.05, side * body.breed.rump * 0.56, 0)
    toes = foot + vec(length, side * 0.06, 0)
    _limb(body, [hip, knee], [thigh, leg * 2.25], 0.2)
    _limb(body, [knee, foot], [leg * 1.9, leg * 1.05], 0.9)
    _limb(body, [foot, toes], [leg * 1.05, leg * 0.95], 1.4)
    _paw(body, toes, (1, side * splay))


def _relaxed_legs(body: Body, side: int) -> None:
    """On the side: every joint is bent, and the upper legs sink to the ground."""
    breed, leg, rnd, height = body.breed, body.breed.leg, body.rnd, body.breed.leg_height
    upper = side == body.upper_side
    # The lower legs start further in, so that the trunk itself rests on the ground.
    width = 0.62 if upper else 0.42
    width_front, width_back = breed.chest * width, breed.rump * width
    # Angles forward from "straight down the body", radians; the legs of a pair differ.
    lean = rnd.uniform(0.1, 0.5) + (0.35 if upper else 0.0)
    y_front = side * width_front
    y_front_end = -0.75 * y_front if upper else y_front * 1.2
    shoulder = body.shoulders + vec(-0.12, y_front, -0.25)
    _chain(
        body,
        shoulder,
        (lean - 0.75, lean + 0.55, lean - 0.35),
        (height * 0.34, height * 0.36, height * 0.17),
        y_front_end,
        [leg * 2.1, leg * 1.3, leg, leg * 0.95],
    )
    lean = rnd.uniform(0.05, 0.4) - (0.3 if upper else 0.0)
    y_back = side * width_back
    y_back_end = -0.7 * y_back if upper else y_back * 1.2
    hip = body.hips + vec(0.05, y_back * 0.8, -0.1)
    _chain(
        body,
        hip,
        (lean + 0.85, lean - 0.65, lean + 0.25),
        (height * 0.44, height * 0.42, height * 0.28),
        y_back_end,
        [leg * 2.9, leg * 1.8, leg, leg * 0.95],
    )


def _chain(body: Body, start, angles, lengths, y_end: float, radii) -> None:
    """A leg from angles in the plane of symmetry, drifting sideways to `y_end`, with its paw."""
    leg = body.breed.leg
    joints = [np.asarray(start, float)]
    total = sum(lengths)
    for angle, length in zip(angles, lengths, strict=True):
        step = vec(math.sin(angle), 0, -math.cos(angle)) * length
        step[1] = (y_end - start[1]) * length / total
        joints.append(joints[-1] + step)
    _limb(body, joints, radii, 0.2)
    along = unit(joints[-1] - joints[-2])
    across = vec(0, 1, 0)
    forward = unit(np.cross(across, -along) * 0.5 + along)
    up = unit(np.cross(forward, across))
    axes = np.stack([forward, across, up], axis=1)
    centre = joints[-1] + forward * leg * 0.7
    body.ellipsoid(
        "paw", centre, (leg * 1.7, leg * 1.2, leg * 0.9), blend=0.08, axes=axes, hair=0.5
    )
    for sideways in (-0.6, 0, 0.6):
        toe = centre + forward * leg * 1.25 + across * sideways * leg * 1.15
        body.ellipsoid(
            "paw", toe, (leg * 0.55, leg * 0.42, leg * 0.55), blend=0.03, axes=axes, hair=0.3
        )
