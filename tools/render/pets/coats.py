"""The coats of the toy pets.

Every coat is a function that paints a `Canvas`; `paint` looks it up by name. Colours are linear
RGB (albedo). It rests on `canvas` and `geometry`. No lab introduces it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.render.pets.canvas import WHITE_HAIR, Canvas
from tools.render.pets.geometry import fractal_noise, lerp, smoothstep, vec

DARKEST, LIGHTEST = 0.006, 0.85
"""No coat is blacker or whiter than this."""

Coat = Callable[[Canvas], None]
_COATS: dict[str, Coat] = {}


def coat(*names: str) -> Callable[[Callable], Callable]:
    """Register a painter under one or more names; the requested name is passed to it."""

    def register(painter):
        for name in names:
            _COATS[name] = lambda canvas, name=name: painter(canvas, name)
        return painter

    return register


def paint(name: str, canvas: Canvas) -> np.ndarray:
    """Colours (N, 3) of a coat, linear RGB."""
    _COATS[name](canvas)
    return np.clip(canvas.colour, DARKEST, LIGHTEST)


_TABBY = {
    "brown": ((0.27, 0.19, 0.115), (0.035, 0.026, 0.02)),
    "orange": ((0.47, 0.25, 0.11), (0.26, 0.095, 0.03)),
    "grey": ((0.34, 0.33, 0.31), (0.045, 0.045, 0.045)),
}


@coat("tabby_brown", "tabby_orange", "tabby_grey", "tabby_white", "tabby_orange_white")
def _tabby(c: Canvas, name: str) -> None:
    base, dark = _TABBY["brown" if name == "tabby_white" else name.split("_")[1]]
    c.fill(c.vary(base))
    stripes = c.stripes(c.rnd.uniform(9, 13), 0.0, 0.55) * c.on("torso", "tail", "leg", "neck")
    c.blend(dark, np.clip(stripes + 0.9 * c.tabby_face(), 0, 1) * 0.9)
    c.blend(lerp(vec(*base), vec(*WHITE_HAIR), 0.65), c.belly * 0.75 + c.lips * 0.95)
    if "orange" in name:
        # A pale chin, chest and tail rings: without them an orange cat reads as a fox.
        forward, _, up = c.head.T
        chin = smoothstep(-up, 0.05, 0.3) * smoothstep(forward, 0.5, 0.7) * c.on("head", "muzzle")
        c.blend(c.white, chin * 0.9)
        c.blend(dark, c.stripes(14, -0.1, 0.3) * c.on("tail", "leg") * 0.8)
    if name.endswith("white"):
        c.blend(c.white, c.white_marks(c.rnd.uniform(0.0, 0.45)))


@coat("ticked")
def _ticked(c: Canvas, name: str) -> None:
    c.fill(c.vary((0.27, 0.17, 0.085)))
    dark = (0.05, 0.03, 0.018)
    back = smoothstep(c.above, 0.1, 0.9) * c.on("torso", "tail", "neck")
    c.blend(dark, 0.42 * c.fine + 0.40 * back)
    c.blend(dark, 0.75 * c.tabby_face())
    tip = smoothstep(c.along, c.tail_length * 0.7, c.tail_length * 0.85) * c.on("tail")
    c.blend(dark, tip * 0.9)
    c.blend((0.62, 0.50, 0.36), c.belly * 0.8 + c.lips * 0.9)


@coat("rosette", "rosette_pale")
def _rosette(c: Canvas, name: str) -> None:
    base = c.vary((0.38, 0.235, 0.12)) if name == "rosette" else vec(0.62, 0.53, 0.41)
    scale = c.points * vec(1.0, 1.0, 1.25) * c.rnd.uniform(2.6, 3.4)
    noise = fractal_noise(scale + c.warp[:, None] * 1.2, c.seed + 3, 2)
    spots = smoothstep(noise, 0.53, 0.60) * (1 - 0.6 * smoothstep(noise, 0.66, 0.74))
    c.fill(base)
    marks = spots * c.on("torso", "neck") + c.stripes(11, 0.1, 0.5) * c.on("leg", "tail")
    c.blend((0.04, 0.022, 0.012), np.clip(marks + 0.85 * c.tabby_face(), 0, 1) * 0.92)
    c.blend(c.white, c.belly * 0.5 + c.lips * 0.7)


@coat("point", "point_white")
def _point(c: Canvas, name: str) -> None:
    base = c.vary((0.70, 0.60, 0.46), 0.08)
    points = vec(*c.rnd.choice([(0.045, 0.03, 0.022), (0.10, 0.09, 0.095), (0.22, 0.11, 0.06)]))
    c.fill(base)
    c.blend(lerp(base, points, 0.35), smoothstep(c.above, 0.1, 0.9) * c.on("torso") * 0.6)
    face = smoothstep(c.head[:, 0] + c.fine * 0.2, 0.38, 0.72) * c.headness
    legs = smoothstep(c.along, 0.6, 1.6) * c.on("leg")
    c.blend(points, np.clip(c.on("ear", "paw", "tail") + face + legs, 0, 1) * 0.94)
    if name == "point_white":
        c.blend(c.white, c.white_marks(0.15))


@coat("white_front")
def _white_front(c: Canvas, name: str) -> None:
    c.fill(c.black)
    c.blend(c.white, c.white_marks(c.rnd.uniform(-0.05, 0.2)))


@coat("patched", "three_colours", "patches")
def _patches(c: Canvas, name: str) -> None:
    choices = {
        "patched": [c.black, (0.15, 0.15, 0.165), (0.42, 0.22, 0.09)],
        "three_colours": [(0.48, 0.24, 0.09)],
        "patches": [(0.40, 0.22, 0.10), (0.16, 0.085, 0.045), (0.36, 0.25, 0.15), c.black],
    }
    c.fill(c.rnd.choice(choices[name]))
    if name == "patches" and c.rnd.random() < 0.5:
        c.blend((0.02, 0.014, 0.01), smoothstep(np.sin(c.along * 30 + c.fine * 9), 0.2, 0.8) * 0.7)
    if name == "three_colours":
        noise = fractal_noise(c.points * 1.5, c.seed + 21, 2)
        c.blend(c.black, smoothstep(noise, 0.50, 0.54))
    level = c.rnd.uniform(0.56, 0.68) if name == "patches" else c.rnd.uniform(0.46, 0.58)
    body = 1 - c.blotches(c.rnd.uniform(0.6, 1.0), 9, level, level + 0.04)
    on_head = fractal_noise(c.head * vec(0.48, 0.8, 0.48) + vec(0, c.seed % 13, 0), c.seed + 10, 2)
    white = body * (1 - c.headness) + c.headness * (1 - smoothstep(on_head, 0.47, 0.51))
    c.blend(c.white, white + c.white_marks(0.2))


@coat("brindle")
def _brindle(c: Canvas, name: str) -> None:
    c.fill(c.vary((0.23, 0.125, 0.065)))
    wave = np.sin(c.along * 27 + c.warp * 9 + c.fine * 7)
    c.blend((0.022, 0.016, 0.012), smoothstep(wave, -0.2, 0.6) * 0.85)
    c.blend((0.015, 0.012, 0.01), c.mask * 0.8)
    if c.rnd.random() < 0.6:
        c.blend(c.white, c.white_marks(-0.1))


@coat("fawn", "fawn_plain")
def _fawn(c: Canvas, name: str) -> None:
    base = c.vary((0.46, 0.29, 0.15))
    c.fill(base)
    c.blend(lerp(base, vec(*WHITE_HAIR), 0.5), c.belly * 0.7)
    if name == "fawn":
        c.blend((0.014, 0.012, 0.011), np.clip(c.mask * 1.1 + 0.7 * c.on("ear"), 0, 1) * 0.95)
    if c.rnd.random() < 0.5:
        c.blend(c.white, smoothstep(-c.above, 0.4, 0.8) * c.on("neck"))


@coat("tricolour", "saddle", "tan_points", "wolf", "lemon")
def _saddled(c: Canvas, name: str) -> None:
    """A dark back over a light body."""
    tan = c.vary((0.42, 0.22, 0.09))
    back = {"wolf": vec(0.10, 0.095, 0.09), "lemon": tan}.get(name, vec(0.014, 0.012, 0.011))
    reach = -0.8 if name == "tan_points" else -0.05
    c.fill((0.46, 0.42, 0.36) if name == "wolf" else tan)
    trunk = smoothstep(c.above + c.warp, reach, reach + 0.25) * c.on("torso")
    neck = smoothstep(c.above + c.warp, reach, reach + 0.3) * c.on("neck")
    c.blend(back, trunk + neck + c.on("tail") * 0.8)
    if name in ("saddle", "wolf"):
        c.blend(back, c.mask * 0.9)
    if name == "saddle":
        c.blend(back, c.on("ear") * 0.7)
    if name == "tan_points":
        brow = np.hypot(c.side - 0.33, c.head[:, 2] - 0.33)
        brow = smoothstep(0.13 - brow, 0, 0.06) * (c.head[:, 0] > 0.3)
        tan_face = np.clip(c.lips * 1.2 + brow, 0, 1)
        c.blend(back, c.headness * (1 - tan_face) + c.on("leg") * smoothstep(0.8 - c.along, 0, 0.3))
    if name in ("tricolour", "lemon"):
        legs = c.on("leg") * smoothstep(c.along, 0.3, 0.6)
        tip = c.on("tail") * smoothstep(c.along, c.tail_length * 0.7, c.tail_length * 0.75)
        c.blend(c.white, c.white_marks(0.3) + legs + tip)


@coat("red_white")
def _red_white(c: Canvas, name: str) -> None:
    c.fill(c.vary((0.46, 0.25, 0.10)))
    cheeks = smoothstep(c.side, 0.4, 0.6) * smoothstep(-c.head[:, 2], -0.05, 0.2) * c.headness
    front = smoothstep(-c.above, 0.3, 0.7) * c.on("neck")
    c.blend(c.white, np.clip(c.belly + c.lips + cheeks * 0.9 + front + c.on("paw"), 0, 1) * 0.9)


@coat("spotted")
def _spotted(c: Canvas, name: str) -> None:
    noise = fractal_noise(c.points * 3.2, c.seed + 3, 2)
    c.fill(c.white)
    c.blend(c.black, smoothstep(noise, 0.585, 0.61) + c.on("ear") * smoothstep(noise, 0.45, 0.5))


@coat("bare")
def _bare(c: Canvas, name: str) -> None:
    """Skin: blotched, greyer on the back, redder where it is thin, dark in the folds."""
    skin = vec(*c.rnd.choice([(0.44, 0.26, 0.19), (0.36, 0.24, 0.19), (0.20, 0.16, 0.15)]))
    c.fill(skin)
    back = smoothstep(c.above, 0.0, 0.8) * c.on("torso", "neck")
    c.blend(skin * vec(0.72, 0.72, 0.78), back * 0.7)
    c.blend(skin * vec(1.08, 0.82, 0.78), fractal_noise(c.points * 0.8, c.seed) * 0.5)
    c.blend(vec(0.55, 0.25, 0.22), (c.on("ear") * 0.45 + c.on("paw") * 0.3 + c.on("muzzle") * 0.25))
    freckles = smoothstep(fractal_noise(c.points * 7, c.seed + 8, 2), 0.60, 0.70)
    c.blend(skin * 0.55, freckles * 0.3)
    if c.rnd.random() < 0.4:
        noise = fractal_noise(c.points, c.seed + 2)
        c.blend(c.black, smoothstep(noise, 0.52, 0.6) * 0.6)


_PLAIN = {
    "white": (0.72, 0.69, 0.63),
    "black": (0.013, 0.012, 0.012),
    "grey": (0.13, 0.135, 0.15),
    "golden": (0.46, 0.26, 0.12),
    "cream": (0.64, 0.52, 0.36),
    "chocolate": (0.085, 0.04, 0.02),
    "wheaten": (0.48, 0.34, 0.19),
}


@coat(*_PLAIN)
def _plain(c: Canvas, name: str) -> None:
    c.fill(c.vary(_PLAIN[name]))
    c.colour = c.colour * (1 + 0.35 * (c.fine - 0.5)[:, None])
    c.blend(np.minimum(c.colour * 1.6 + 0.01, 0.8), c.belly * 0.5)
    if name in ("black", "chocolate", "grey") and c.rnd.random() < 0.3:
        noise = fractal_noise(c.points * 2, c.seed)
        throat = smoothstep(-c.above, 0.45, 0.7) * c.on("neck")
        c.blend(c.white, throat * smoothstep(noise, 0.3, 0.5))
