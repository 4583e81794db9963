"""Proportions of every toy breed, in decimetres, and its possible coats.

The breeds are modelled on real ones, but the names are our own (see `data/README.md`): a rendered
toy must not be mistaken for a photograph of a pedigree animal. It rests on the standard library and
`contract`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tools.render.pets.contract import CAT_BREEDS, DOG_BREEDS


@dataclass(frozen=True)
class Breed:
    """Proportions of a grown pet: lengths in decimetres, factors relative to a plain one."""

    coats: tuple[str, ...]
    body_length: float
    leg_height: float
    chest: float
    belly: float
    rump: float
    neck_length: float
    neck: float
    head: float
    leg: float
    tail_length: float
    tail: float
    fur: float
    """Length of the hair on the trunk; below 0.03 the skin is bare."""
    ears: str
    ear_size: float = 1.0
    eye_size: float = 1.0
    eye_open: float = 1.0
    cheek: float = 1.0
    """Cats: width of the cheeks."""
    muzzle_reach: float = 0.5
    """Cats: 0 is a flat face, 1 a long one."""
    muzzle_width: float = 1.0
    muzzle_length: float = 1.0
    jowl: float = 0.5
    """Dogs: how far the upper lips hang."""
    curled_tail: bool = False
    beard: bool = False


_CAT = Breed(
    coats=(), body_length=2.5, leg_height=1.95, chest=0.66, belly=0.66, rump=0.62,
    neck_length=0.62, neck=0.38, head=0.50, leg=0.155, tail_length=2.3, tail=0.12, fur=0.10,
    ears="upright",
)  # fmt: skip
_DOG = Breed(
    coats=(), body_length=3.0, leg_height=2.5, chest=0.86, belly=0.70, rump=0.66,
    neck_length=0.95, neck=0.44, head=0.60, leg=0.19, tail_length=1.7, tail=0.12, fur=0.09,
    ears="folded",
)  # fmt: skip


def _cat(*coats: str, **changes) -> Breed:
    return replace(_CAT, coats=coats, **changes)


def _dog(*coats: str, **changes) -> Breed:
    return replace(_DOG, coats=coats, **changes)


BREEDS: dict[str, Breed] = {
    # Cats
    "tabby": _cat("tabby_brown", "tabby_orange", "tabby_grey", "tabby_white"),
    "ticked": _cat("ticked", chest=0.56, belly=0.54, rump=0.54, ear_size=1.2, leg_height=2.1,
                   cheek=0.88),
    "rosette": _cat("rosette", "rosette_pale", body_length=2.8, ear_size=0.92, leg=0.19),
    "cloudface": _cat("white", "grey", "tabby_orange_white", "tabby_orange", "point",
                      leg_height=1.6, chest=0.70, belly=0.74, fur=0.36, cheek=1.2,
                      muzzle_reach=0.05, ear_size=0.85, eye_size=1.15, tail=0.15,
                      tail_length=1.8),
    "sealpoint": _cat("point", chest=0.52, belly=0.50, rump=0.50, neck=0.33, ear_size=1.3,
                      cheek=0.82, muzzle_reach=0.8, tail=0.09),
    "roundface": _cat("grey", "tabby_grey", "patched", chest=0.76, belly=0.80, rump=0.72,
                      neck=0.50, head=0.58, cheek=1.25, ear_size=0.82, fur=0.14),
    "forestcat": _cat("tabby_brown", "tabby_grey", "tabby_white", "patched", body_length=2.9,
                      fur=0.32, ear_size=1.2, tail=0.20, tail_length=2.7, muzzle_reach=0.72),
    "patchwork": _cat("patched", "three_colours", "white_front"),
    "midnight": _cat("black"),
    "plushpoint": _cat("point", "point_white", fur=0.28, belly=0.74),
    "barecat": _cat("bare", chest=0.56, belly=0.62, neck=0.32, ear_size=1.4, cheek=0.86,
                    fur=0.012),
    # Dogs
    "underjaw": _dog("patches", "patches", "white", "brindle", "fawn", leg_height=2.05, chest=1.0,
                     belly=0.82, rump=0.74, neck=0.66, neck_length=0.8, head=0.74, leg=0.25,
                     muzzle_length=0.42, muzzle_width=1.25, jowl=1.1, ears="rose",
                     tail_length=0.8),
    "stocky": _dog("brindle", "fawn", "patches", "grey", "chocolate", chest=0.95, neck=0.56,
                   head=0.66, muzzle_length=0.75, muzzle_width=1.15, jowl=0.7, ears="rose",
                   leg=0.22),
    "trihound": _dog("tricolour", "tricolour", "lemon", leg_height=2.1, ear_size=1.05, jowl=0.6),
    "golden": _dog("golden", "cream", "black", "chocolate", fur=0.28, jowl=0.6, tail=0.20,
                   tail_length=2.2),
    "herder": _dog("saddle", "saddle", "black", "wolf", body_length=3.4, fur=0.22, ears="pricked",
                   muzzle_length=1.25, tail=0.20, tail_length=2.2),
    "foxtail": _dog("red_white", "red_white", "cream", "tan_points", leg_height=2.2, fur=0.20,
                    ears="pricked", ear_size=0.72, muzzle_length=0.85, muzzle_width=0.85,
                    jowl=0.3, tail_length=1.8, tail=0.22, curled_tail=True),
    "flufftail": _dog("white", "wolf", neck=0.60, fur=0.38, ears="pricked", ear_size=0.66,
                      muzzle_length=0.85, muzzle_width=0.85, jowl=0.35, curled_tail=True,
                      tail=0.22),
    "wirebeard": _dog("wheaten", "grey", "black", "white", body_length=2.5, leg_height=1.8,
                      fur=0.24, ears="half_folded", ear_size=0.8, muzzle_length=0.9, beard=True,
                      tail_length=1.0),
    "boxhead": _dog("fawn", "brindle", "fawn", leg_height=2.75, chest=0.92, muzzle_length=0.5,
                    muzzle_width=1.15, jowl=0.95, ear_size=0.75),
    "longlow": _dog("chocolate", "tan_points", "fawn_plain", body_length=3.7, leg_height=1.3,
                    chest=0.66, belly=0.58, rump=0.58, muzzle_length=1.2, muzzle_width=0.82),
    "pocket": _dog("fawn_plain", "tan_points", "cream", "patched", body_length=2.2,
                   leg_height=1.9, chest=0.60, belly=0.54, rump=0.50, neck=0.30, neck_length=0.7,
                   leg=0.13, muzzle_length=0.45, muzzle_width=0.72, jowl=0.2, ears="pricked",
                   ear_size=1.2, eye_size=1.2),
    "droopear": _dog("chocolate", "golden", "lemon", "black", "tricolour", leg_height=2.0,
                     fur=0.26, ears="long", ear_size=1.15, jowl=0.6),
    "snub": _dog("fawn", body_length=2.4, leg_height=1.7, chest=0.82, belly=0.76, rump=0.68,
                 neck=0.60, neck_length=0.6, head=0.68, muzzle_length=0.15, muzzle_width=1.05,
                 jowl=0.7, ears="half_folded", ear_size=0.7, eye_size=1.2, tail_length=1.0,
                 curled_tail=True),
    "spotted": _dog("spotted", leg_height=2.8),
}  # fmt: skip

assert set(BREEDS) == set(CAT_BREEDS + DOG_BREEDS)

_VARIED = (
    "body_length", "leg_height", "chest", "belly", "rump", "neck_length", "neck", "head", "leg",
    "tail_length", "ear_size", "eye_size", "fur", "muzzle_length", "cheek",
)  # fmt: skip
YOUNG_SHARE = 0.15


def individual(name: str, rnd: random.Random) -> Breed:
    """One animal of a breed, with proportions varied by up to 9 %; some are young."""
    breed = BREEDS[name]
    changes = {field: getattr(breed, field) * rnd.uniform(0.92, 1.09) for field in _VARIED}
    changes["eye_open"] = rnd.uniform(0.75, 1.15)
    if rnd.random() < YOUNG_SHARE:
        young = {"head": 1.25, "body_length": 0.82, "leg_height": 0.8, "eye_size": 1.15,
                 "neck_length": 0.8, "muzzle_length": 0.7}  # fmt: skip
        for field, factor in young.items():
            changes[field] *= factor
    return replace(breed, **changes)
