"""Skull, muzzle, ears, eye openings, nose, mouth and tongue, for cats and for dogs.

Positions are in the head's own frame (forward, left, up) in units of the head's size. It rests on
`head`, `implicit` and `geometry`. No lab introduces it.
"""

from __future__ import annotations

import math
import random

import numpy as np

from tools.render.pets.breeds import Breed
from tools.render.pets.geometry import lerp, unit, vec
from tools.render.pets.head import Eye, Head, muzzle_tip
from tools.render.pets.implicit import Capsule, Ellipsoid, field


def build_head(
    breed: Breed, is_cat: bool, origin, frame, asleep: bool, tongue_out: bool, rnd: random.Random
) -> Head:
    """All pieces of a head; eyes, nose, mouth and tongue become separate meshes."""
    head = Head(breed, is_cat, origin, frame, asleep, tongue_out, rnd)
    if is_cat:
        _cat_face(head)
        _cat_eyes(head)
    else:
        _dog_face(head)
        _dog_eyes(head)
    for side in (-1, 1):
        if breed.ears in ("upright", "pricked"):
            _upright_ear(head, side)
        else:
            _hanging_ear(head, side)
    return head


def _cat_face(head: Head) -> None:
    cheek, tip = head.breed.cheek, muzzle_tip(head)
    head.ellipsoid("head", (0, 0, 0.06), (0.95, 0.83 + 0.08 * cheek, 0.84))
    for side in (-1, 1):
        head.ellipsoid(
            "head",
            (0.22, side * 0.46 * cheek, -0.26),
            (0.55, 0.46 * cheek, 0.46),
            blend=0.25,
            flow=(-0.6, side * 0.6, -0.3),
        )
        head.ellipsoid(
            "muzzle",
            (tip, side * 0.18, -0.33),
            (0.27, 0.24, 0.20),
            blend=0.07,
            hair=0.35,
            flow=(-0.5, side * 0.7, -0.4),
        )
    head.capsule(
        "muzzle",
        (0.55, 0, 0.22),
        (tip + 0.1, 0, -0.12),
        0.26,
        0.13,
        blend=0.22,
        hair=0.3,
        flow=(-1, 0, 0.5),
    )
    head.ellipsoid(
        "muzzle",
        (tip - 0.1, 0, -0.54),
        (0.24, 0.20, 0.15),
        blend=0.10,
        hair=0.4,
        flow=(-0.5, 0, -1),
    )
    head.nose = head.at(tip + 0.225, 0, -0.135), vec(0.085, 0.13, 0.085) * head.size


def _dog_face(head: Head) -> None:
    breed, tip = head.breed, muzzle_tip(head)
    width, jowl = breed.muzzle_width, breed.jowl
    drop = 0.33 if head.tongue_out else 0.0
    head.ellipsoid("head", (0, 0, 0.04), (0.95, 0.82, 0.80))
    for side in (-1, 1):
        head.ellipsoid(
            "head",
            (0.1, side * 0.42, -0.2),
            (0.6, 0.42, 0.5),
            blend=0.25,
            flow=(-0.8, side * 0.4, -0.2),
        )
        head.ellipsoid("head", (0.56, side * 0.34, 0.27), (0.26, 0.22, 0.16), hair=0.6)
        head.ellipsoid(
            "muzzle",
            (lerp(0.7, tip, 0.62), side * 0.20 * width, -0.42 - 0.1 * jowl),
            (0.24 + 0.30 * breed.muzzle_length, 0.20 * width + 0.06 * jowl, 0.17 + 0.16 * jowl),
            blend=0.12,
            hair=0.35,
        )
    head.capsule(
        "muzzle",
        (0.45, 0, -0.16),
        (tip, 0, -0.26),
        0.46 * width,
        0.31 * width,
        blend=0.22,
        hair=0.35,
        flow=(-1, 0, 0.1),
    )
    head.capsule(
        "muzzle",
        (0.3, 0, -0.52 - drop * 0.3),
        (tip - 0.12, 0, -0.62 - drop),
        0.30 * width,
        0.19 * width,
        blend=0.08 if drop else 0.15,
        hair=0.5,
        flow=(-1, 0, -0.3),
    )
    if breed.beard:
        head.ellipsoid(
            "muzzle", (tip - 0.05, 0, -0.62), (0.35, 0.42, 0.34), hair=2.4, flow=(0, 0, -1)
        )
    head.nose = (
        head.at(tip + 0.27 * width + 0.02, 0, -0.14),
        vec(0.14, 0.20 * width, 0.15) * head.size,
    )
    if head.tongue_out:
        sideways = head.rnd.uniform(-0.08, 0.08)
        root = head.at(tip - 0.1, 0, -0.60 - drop * 0.45)
        end = head.at(tip + 0.18, sideways, -0.78 - drop * 0.8)
        head.tongue = Capsule(
            "tongue",
            root,
            end,
            0.15 * head.size,
            0.135 * head.size,
            blend=0.05,
            flat=head.frame[:, 2],
            squash=0.4,
        )
        radius = 0.2 * head.size * width
        head.mouth = Capsule(
            "mouth",
            head.at(0.5, 0, -0.45 - drop * 0.3),
            head.at(tip - 0.05, 0, -0.45 - drop * 0.45),
            radius,
            radius * 0.9,
            blend=0.05,
        )


def _cat_eyes(head: Head) -> None:
    size, opened = head.breed.eye_size, head.breed.eye_open
    for side in (-1, 1):
        _add_eye(
            head,
            side,
            across=0.40,
            above=0.07,
            ball=0.27 * size,
            outward=0.42,
            tilt=0.36,
            opening=(0.3, 0.195 * size, 0.135 * size * opened),
        )


def _dog_eyes(head: Head) -> None:
    size, opened = head.breed.eye_size, head.breed.eye_open
    across = 0.37 * (0.85 + 0.15 * head.breed.muzzle_width)
    for side in (-1, 1):
        _add_eye(
            head,
            side,
            across=across,
            above=0.14,
            ball=0.185 * size,
            outward=0.34,
            tilt=0.15,
            opening=(0.26, 0.18 * size, 0.135 * size * opened),
        )


def _add_eye(head, side, *, across, above, ball, outward, tilt, opening) -> None:
    """Find the skin in front of the eye, cut an almond there and put a ball behind it."""
    ahead = np.linspace(0.2, 1.6, 60)
    line = np.array([head.at(x, side * across, above) for x in ahead])
    skin = ahead[np.argmax(field(head.primitives, line) > 0)]
    centre = vec(skin, side * across, above)
    forward = unit(vec(0.86, side * outward, 0.06))
    left = unit(np.cross((0.0, 0.0, 1.0), forward))
    up = np.cross(forward, left)
    c, s = math.cos(side * tilt), math.sin(side * tilt)
    axes = head.frame @ np.stack([forward, left * c + up * s, up * c - left * s], axis=1)
    radii = [radius * head.size for radius in opening]
    cut = Ellipsoid("eye", head.at(*centre), radii, axes=axes, blend=0.01)
    ball_centre = head.at(*(centre - forward * ball * 0.80))
    head.eyes.append(Eye(cut, ball_centre, ball * head.size))


def _upright_ear(head: Head, side: int) -> None:
    """A flattened cone with a hollow in front."""
    cat, size = head.breed.ears == "upright", head.breed.ear_size
    width = (0.46 if cat else 0.36) * size**0.5
    height = (0.92 if cat else 1.0) * size
    x = -0.12 if cat else -0.2
    spread = head.rnd.uniform(0.30, 0.46) if cat else head.rnd.uniform(0.05, 0.25)
    base = vec(x, side * 0.52, 0.52)
    tip = vec(x + 0.04, side * (0.52 + spread * size), 0.52 + height)
    facing = unit(vec(1, side * 0.45, 0))
    head.capsule("ear", base, tip, width, 0.05, blend=0.12, hair=0.35, flat=facing, squash=0.36)
    inward = facing * 0.17 * size**0.5
    head.ear_hollows.append(
        Capsule(
            "hollow",
            head.at(*(lerp(base, tip, 0.30) + inward)),
            head.at(*(lerp(base, tip, 0.88) + inward * 0.5)),
            width * 0.70 * head.size,
            0.02 * head.size,
            blend=0.01,
            flat=head.frame @ facing,
            squash=0.42,
        )
    )


_HANGING_LENGTH = {"folded": 1.0, "long": 1.5, "half_folded": 0.55, "rose": 0.6}


def _hanging_ear(head: Head, side: int) -> None:
    """A flap: a short rise out of the skull, a fold, and the part that hangs."""
    kind, rnd = head.breed.ears, head.rnd
    length = _HANGING_LENGTH[kind] * head.breed.ear_size
    forward = rnd.uniform(-0.06, 0.1)
    base = vec(-0.12, side * 0.55, 0.3 if kind == "long" else 0.52)
    if kind in ("folded", "long"):
        fold = base + vec(-0.02, side * 0.30, 0.06)
        tip = fold + vec(0.14 + forward, side * 0.16, -length * 0.92)
    elif kind == "half_folded":
        fold = base + vec(0.05, side * 0.30, 0.24)
        tip = fold + vec(0.34, side * 0.16, -length * 0.62)
    else:
        fold = base + vec(-0.22, side * 0.30, 0.12)
        tip = fold + vec(0.10 + forward, side * 0.38, -length * 0.45)
    long = kind == "long"
    facing = unit(vec(0.35, side, 0.25))
    head.capsule("ear", base, fold, 0.24, 0.27, blend=0.1, hair=0.5)
    bend, end_radius = lerp(fold, tip, 0.6), 0.1 if kind == "rose" else 0.20
    head.capsule(
        "ear",
        fold,
        bend,
        0.27,
        0.33,
        blend=0.08,
        hair=1.3 if long else 0.6,
        flat=facing,
        squash=0.34,
        flow=(0, 0, -1),
    )
    head.capsule(
        "ear",
        bend,
        tip,
        0.33,
        end_radius,
        blend=0.08,
        hair=1.5 if long else 0.6,
        flat=facing,
        squash=0.34,
        flow=(0, 0, -1),
    )
