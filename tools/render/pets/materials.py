"""Surfaces of everything: coats, fabric, wood, tiles, ground, leaves, walls.

Colours are linear RGB and mostly dull, as in photographs of homes and gardens. It rests on
`blender`. No lab introduces it.
"""

from __future__ import annotations

import colorsys
import math
import random

from tools.render.pets.blender import Shader, material

Colour = tuple[float, float, float]

FUR_COLOURS: tuple[Colour, ...] = (
    (0.50, 0.28, 0.11),
    (0.28, 0.19, 0.11),
    (0.02, 0.018, 0.016),
    (0.70, 0.66, 0.60),
    (0.15, 0.15, 0.16),
    (0.10, 0.05, 0.025),
    (0.45, 0.32, 0.18),
)
"""Colours that pets wear and that cushions, rugs and toys wear too."""


def scaled(colour: Colour, factor: float) -> Colour:
    """Scale a colour by a factor."""
    return tuple(float(channel) * factor for channel in colour)


def dull_colour(rnd: random.Random, saturation=(0.02, 0.38), value=(0.05, 0.7)) -> Colour:
    """A random colour, usually of low saturation; linear RGB."""
    # The product of two draws leans towards grey, yet lets a bright thing happen now and then.
    amount = saturation[0] + (saturation[1] - saturation[0]) * rnd.random() * rnd.uniform(0.5, 1)
    hue = rnd.random() if rnd.random() < 0.4 else rnd.gauss(0.09, 0.04) % 1
    rgb = colorsys.hsv_to_rgb(hue, amount, rnd.uniform(*value) ** 0.6)
    return tuple(channel**1.6 for channel in rgb)


def bright_colour(rnd: random.Random) -> Colour:
    """A random saturated colour, for toys."""
    rgb = colorsys.hsv_to_rgb(rnd.random(), rnd.uniform(0.45, 0.95), rnd.uniform(0.3, 0.8) ** 0.6)
    return tuple(channel**1.6 for channel in rgb)


def any_cloth_colour(rnd: random.Random) -> Colour:
    """A cloth colour, often that of fur, so that colour alone does not identify the pet."""
    return rnd.choice(FUR_COLOURS) if rnd.random() < 0.35 else dull_colour(rnd)


def painted(roughness=0.55, specular=0.3, sheen=0.0):
    """Material coloured by an attribute of the mesh or curves."""
    return material("painted", lambda s: s.surface(s.attribute(), roughness, specular, sheen=sheen))


def skin():
    """Bare skin with subsurface scattering, pores and fine creases."""

    def build(s: Shader) -> None:
        position = s.coordinates()
        pores = s.noise(position, 42.0, 4.0)
        creases = s.noise(s.coordinates(scale=(1, 1, 3.5)), 6.0, 4.0)
        height = s.mix(0.5, pores, creases)
        colour = s.mix(0.6, s.attribute(), s.ramp(pores, (0.3, 0.6), (0.7, 1.15)), "MULTIPLY")
        s.surface(colour, 0.62, 0.25, sheen=0.08, subsurface=0.15, bump=height, bump_depth=0.025)

    return material("skin", build)


def plain(colour: Colour, roughness=0.6, specular=0.4):
    """One colour."""
    return material("plain", lambda s: s.surface(tuple(colour), roughness, specular))


PATTERNS = ("plain",) * 6 + ("stripes", "plaid", "floral", "check", "dots", "fleck", "fleck")


def fabric(rnd: random.Random, pattern: str | None = None):
    """Woven cloth with a pattern."""
    first, second, third = (any_cloth_colour(rnd) for _ in range(3))
    pattern = pattern or rnd.choice(PATTERNS)
    scale, angle = rnd.uniform(0.5, 2.0), rnd.uniform(0, 3)

    def band(s: Shader, coordinate, frequency, width):
        phase = s.math("FRACT", s.math("MULTIPLY", coordinate, frequency))
        return s.ramp(phase, (0.0, 0.0), (width, 0.0), (width + 0.02, 1.0))

    def build(s: Shader) -> None:
        position = s.coordinates(rotation=(0, 0, angle))
        x, y, _ = s("SeparateXYZ", Vector=position).outputs
        worn = s.ramp(s.noise(position, 0.7, 4.0), (0.3, 0.7), (0.7, 1.05))
        if pattern == "plain":
            colour = s.mix(s.noise(position, 3.0), first, scaled(first, 0.7))
        elif pattern == "stripes":
            colour = s.mix(band(s, x, scale, 0.55), first, second)
        elif pattern == "plaid":
            across = s.mix(band(s, x, scale, 0.6), first, second)
            colour = s.mix(0.5, across, s.mix(band(s, y, scale, 0.6), first, third))
        elif pattern == "check":
            colour = s(
                "TexChecker", Vector=position, Color1=first, Color2=second, Scale=scale * 3
            ).outputs[0]
        elif pattern == "dots":
            cells = s("TexVoronoi", Vector=position, Scale=scale * 2, Randomness=0.1).outputs[0]
            colour = s.mix(s.ramp(cells, (0.25, 0.0), (0.28, 1.0)), second, first)
        elif pattern == "floral":
            cells = s("TexVoronoi", Vector=position, Scale=scale * 3).outputs[0]
            petals = s.mix(s.ramp(cells, (0.3, 0.0), (0.35, 1.0)), second, third)
            ground = s.ramp(s.noise(position, scale * 2.5, 2.0), (0.5, 0.0), (0.53, 1.0))
            colour = s.mix(ground, first, petals)
        else:
            flecks = s.ramp(s.noise(position, 14.0, 2.0), (0.42, 0.0), (0.55, 1.0))
            colour = s.mix(flecks, first, second)
        colour = s.mix(1.0, colour, worn, "MULTIPLY")
        weave = s.noise(position, 18.0, 2.0)
        s.surface(colour, 0.9, 0.2, sheen=0.3, bump=weave, bump_depth=0.03)

    return material("fabric", build)


_WOODS = (
    (0.30, 0.16, 0.075),
    (0.16, 0.075, 0.035),
    (0.45, 0.30, 0.17),
    (0.35, 0.28, 0.22),
    (0.09, 0.045, 0.025),
    (0.28, 0.24, 0.20),
    (0.50, 0.40, 0.28),
)


def wood(rnd: random.Random):
    """Boards with grain."""
    colour, width = rnd.choice(_WOODS), rnd.uniform(0.7, 1.6)
    roughness, angle = rnd.uniform(0.2, 0.65), rnd.uniform(0, 3)

    def build(s: Shader) -> None:
        position = s.coordinates(rotation=(0, 0, angle))
        boards = s(
            "TexBrick",
            {"offset": 0.37},
            Vector=position,
            Color1=colour,
            Color2=scaled(colour, 0.65),
            Mortar=scaled(colour, 0.15),
            Scale=1.0,
            Mortar_Size=0.015,
            Brick_Width=width * 7,
            Row_Height=width,
        ).outputs[0]
        stretched = s("Mapping", Vector=position, Scale=(0.25, 3.0, 1.0)).outputs[0]
        grain = s.ramp(s.noise(stretched, 2.5, 6.0), (0.3, 0.45), (0.7, 1.0))
        scuffs = s.ramp(s.noise(position, 0.8, 5.0), (0.35, 0.75), (0.6, 1.05))
        colour_ = s.mix(0.8, boards, grain, "MULTIPLY")
        s.surface(s.mix(1.0, colour_, scuffs, "MULTIPLY"), roughness)

    return material("wood", build)


def tiles(rnd: random.Random):
    """Floor tiles, a little dirty."""
    colour, size = dull_colour(rnd, (0, 0.2), (0.3, 0.8)), rnd.uniform(1.5, 4)
    offset, roughness = rnd.choice([0.0, 0.5]), rnd.uniform(0.12, 0.6)

    def build(s: Shader) -> None:
        position = s("TexCoord").outputs["Object"]
        grid = s(
            "TexBrick",
            {"offset": offset},
            Vector=position,
            Color1=colour,
            Color2=scaled(colour, 0.9),
            Mortar=scaled(colour, 0.4),
            Scale=1.0,
            Mortar_Size=0.04,
            Brick_Width=size,
            Row_Height=size,
        ).outputs[0]
        dirt = s.ramp(s.noise(position, 1.5, 5.0), (0.3, 0.6), (0.65, 1.0))
        s.surface(s.mix(0.6, grid, dirt, "MULTIPLY"), roughness)

    return material("tiles", build)


def ground(colour: Colour, scale=6.0, variation=0.5, depth=0.08):
    """Earth, concrete, sand, carpet: one colour, blotched and bumpy."""

    def build(s: Shader) -> None:
        position = s("TexCoord").outputs["Object"]
        blotches = s.ramp(s.noise(position, scale, 6.0), (0.3, 0.2), (0.7, 1.6))
        stains = s.ramp(s.noise(position, scale * 0.12, 4.0), (0.35, 0.7), (0.65, 1.15))
        mixed = s.mix(variation, tuple(colour), blotches, "MULTIPLY")
        mixed = s.mix(1.0, mixed, stains, "MULTIPLY")
        s.surface(mixed, 0.95, bump=s.noise(position, scale * 3, 5.0), bump_depth=depth)

    return material("ground", build)


def leaves(colour: Colour, scale: float):
    """A hedge or trees seen from afar."""

    def build(s: Shader) -> None:
        position = s("TexCoord").outputs["Object"]
        cells = s("TexVoronoi", Vector=position, Scale=scale).outputs
        masses = s.ramp(s.noise(position, scale * 0.12, 3.0), (0.35, 0.15), (0.65, 1.3))
        random_cell = s("SeparateXYZ", Vector=cells[1]).outputs[0]
        tint = s.ramp(random_cell, (0.0, 0.15), (0.6, 0.8), (1.0, (2.2, 1.9, 1.6)))
        mixed = s.mix(1.0, s.mix(1.0, tuple(colour), tint, "MULTIPLY"), masses, "MULTIPLY")
        s.surface(mixed, 0.6, bump=cells[0], bump_depth=0.2)

    return material("leaves", build)


def wall(rnd: random.Random):
    """Paint, wallpaper, brick or panels."""
    kind = rnd.choice(["paint"] * 5 + ["paper", "brick", "panel"])
    colour = dull_colour(rnd, (0, 0.25), (0.25, 0.85))
    darker, frequency = scaled(colour, rnd.uniform(0.6, 0.9)), rnd.uniform(0.5, 1.5)

    def build(s: Shader) -> None:
        position = s.coordinates(rotation=(math.pi / 2, 0, 0))
        x = s("SeparateXYZ", Vector=position).outputs[0]
        phase = s.math("FRACT", s.math("MULTIPLY", x, frequency))
        stains = s.ramp(s.noise(position, 0.3, 4.0), (0.3, 0.7), (0.7, 1.0))
        if kind == "paint":
            result = s.mix(0.5, colour, stains, "MULTIPLY")
        elif kind == "paper":
            result = s.mix(s.ramp(phase, (0.45, 0.0), (0.5, 1.0)), colour, darker)
        elif kind == "brick":
            result = s(
                "TexBrick",
                Vector=position,
                Color1=(0.27, 0.12, 0.08),
                Color2=(0.18, 0.085, 0.06),
                Mortar=(0.40, 0.37, 0.33),
                Scale=1.0,
                Mortar_Size=0.05,
                Brick_Width=2.2,
                Row_Height=0.7,
            ).outputs[0]
            result = s.mix(0.7, result, stains, "MULTIPLY")
        else:
            stretched = s("Mapping", Vector=position, Scale=(3.0, 0.2, 1.0)).outputs[0]
            grain = s.mix(s.noise(stretched, 2.0, 5.0), (0.28, 0.15, 0.07), (0.16, 0.08, 0.04))
            gaps = s.ramp(phase, (0.0, 0.2), (0.05, 1.0), (0.95, 1.0))
            result = s.mix(1.0, gaps, grain, "MULTIPLY")
        s.surface(result, 0.8)

    return material("wall", build)


def furniture(rnd: random.Random):
    """Wood, paint or cloth."""
    kind = rnd.randrange(3)
    if kind == 0:
        return wood(rnd)
    return plain(dull_colour(rnd), 0.5) if kind == 1 else fabric(rnd)
