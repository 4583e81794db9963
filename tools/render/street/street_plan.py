"""Random plan of a street: widths, zones, houses, trees, street furniture, camera.

`make_layout(camera_seed)` is the only entry point. Plain Python, no Blender.
"""

from __future__ import annotations

import math
import random

from . import HEIGHT, WIDTH
from .camera import Camera
from .layout import BAY_WIDTH, LEFT, RIGHT, STREET_START, House, Item, Layout


def make_layout(camera_seed: int) -> Layout:
    """Draw the street of one camera; the same seed gives the same street."""
    rnd = random.Random(f"kerbside street {camera_seed}")
    lane = rnd.uniform(2.9, 3.4)
    parking = (rnd.random() < 0.8, rnd.random() < 0.8)
    bus = rnd.random() < 0.35
    kerb = (
        -lane - BAY_WIDTH * parking[LEFT],
        lane + (max(BAY_WIDTH * parking[RIGHT], 3.0) if bus else BAY_WIDTH * parking[RIGHT]),
    )
    sidewalk = (rnd.uniform(2.4, 4.2), rnd.uniform(2.4, 4.2))
    start = rnd.uniform(11, 20)
    crossing = (start, start + rnd.uniform(3.0, 4.2))
    bus_lane = (kerb[RIGHT] - 3.0, kerb[RIGHT], crossing[1] + 2.0, 58.0) if bus else None
    side = rnd.choice((LEFT, RIGHT))
    hydrant = None
    if not (bus and side == RIGHT) and rnd.random() < 0.9:
        hydrant = (side, crossing[1] + rnd.uniform(4.5, 13))
    side_street = None
    if rnd.random() < 0.45:
        corner_side = LEFT if bus else rnd.choice((LEFT, RIGHT))
        y = rnd.uniform(crossing[1] + 18.5, 50)
        side_street = (corner_side, y, y + rnd.uniform(5.5, 7.5))
    camera_side = rnd.choice((LEFT, RIGHT))
    layout = Layout(
        seed=camera_seed,
        lane_width=lane,
        kerb=kerb,
        sidewalk_width=sidewalk,
        kerb_height=rnd.uniform(0.10, 0.15),
        parking=parking,
        crossing=crossing,
        bus_lane=bus_lane,
        hydrant=hydrant,
        side_street=side_street,
        solid_centre_line=rnd.random() < 0.3,
        slab_tint=rnd.choice(
            ((1, 1, 1), (1.1, 1.0, 0.9), (0.85, 0.85, 0.9), (1.25, 1.1, 1.0), (0.95, 1.0, 0.95))
        ),
        ending=rnd.choice(("row", "park", "towers", "open")),
        camera_side=camera_side,
        camera=_draw_camera(rnd, kerb, lane, camera_side),
    )
    _draw_houses(layout, rnd)
    _draw_trees(layout, rnd)
    _draw_furniture(layout, rnd)
    return layout


def _draw_camera(
    rnd: random.Random, kerb: tuple[float, float], lane: float, side: int
) -> Camera:
    x = kerb[side] + (0.6 if side == RIGHT else -0.6)
    return Camera(
        position=(x, 0.0, rnd.uniform(4.0, 6.5)),
        target=(rnd.uniform(-0.85, 0.85) * lane, rnd.uniform(12.5, 19), 0.6),
        roll=rnd.gauss(0, 0.012),
        field_of_view=math.radians(rnd.uniform(50, 74)),
        width=WIDTH,
        height=HEIGHT,
    )


def _draw_houses(layout: Layout, rnd: random.Random) -> None:
    for side in (LEFT, RIGHT):
        out = layout.towards_kerb(side)
        x = layout.kerb[side] + out * layout.sidewalk_width[side]
        y = STREET_START + rnd.uniform(3, 9)
        corner = layout.side_street
        if corner and corner[0] != side:
            corner = None
        while y < 118:
            width = rnd.uniform(8, 18)
            if corner and y < corner[2] and y + width > corner[1] - 1.5:
                width = corner[1] - 1.5 - y
                if width > 3:
                    layout.houses.append(House(side, y, width, x, rnd.randrange(10**6)))
                y, corner = corner[2] + 1.5, None
                continue
            setback = out * rnd.choice((0.0, 0.0, 0.0, 0.6))
            layout.houses.append(House(side, y, width, x + setback, rnd.randrange(10**6)))
            y += width + (rnd.uniform(2, 6) if rnd.random() < 0.12 else 0.01)


def _draw_trees(layout: Layout, rnd: random.Random) -> None:
    for side in (LEFT, RIGHT):
        if rnd.random() > 0.75:
            continue
        x = layout.kerb[side] + layout.towards_kerb(side) * 0.75
        family = rnd.choice(("round", "round", "column", "birch"))
        y = rnd.uniform(16, 23) if side == layout.camera_side else rnd.uniform(7, 14)
        while y < 80:
            clear = not layout.crossing[0] - 2 < y < layout.crossing[1] + 2
            if layout.hydrant and layout.hydrant[0] == side:
                clear &= abs(y - layout.hydrant[1]) > 1.5
            if clear and not layout.in_side_street(side, y, 1.5):
                tint = (rnd.uniform(0.7, 1.5), rnd.uniform(0.8, 1.1), rnd.uniform(0.7, 1.0))
                kind = f"tree_{family}_{rnd.randrange(3)}"
                layout.trees.append(
                    Item(
                        kind, x, y, layout.kerb_height, rnd.uniform(0, 6.28),
                        rnd.uniform(0.65, 1.0), tint,
                    )
                )
            y += rnd.uniform(6, 14)


def _draw_furniture(layout: Layout, rnd: random.Random) -> None:
    z = layout.kerb_height
    taken = [(t.x, t.y) for t in layout.trees]

    def stand(kind: str, side: int, y: float, inset: float, yaw: float = 0.0, colour=(1, 1, 1)):
        """Put a thing `inset` metres behind the kerb unless something is there already."""
        x = layout.kerb[side] + layout.towards_kerb(side) * inset
        crowded = any(math.hypot(x - a, y - b) < 1.1 for a, b in taken)
        if crowded or layout.in_side_street(side, y, 0.8):
            return
        taken.append((x, y))
        layout.furniture.append(Item(kind, x, y, z, yaw, 1.0, colour))

    if layout.hydrant:
        side, y = layout.hydrant
        stand("hydrant", side, y, 0.45, 0.0, rnd.choice(((0.6, 0.03, 0.02), (0.75, 0.5, 0.03))))
    lamp_side = rnd.choice((LEFT, RIGHT))
    y = rnd.uniform(6, 18) + 9 * (lamp_side == layout.camera_side)
    while y < 90:
        x = layout.kerb[lamp_side] + layout.towards_kerb(lamp_side) * 0.35
        if not layout.in_side_street(lamp_side, y, 0.5):
            layout.lamps.append(Item("lamp", x, y, z, math.pi if lamp_side == RIGHT else 0.0))
            taken.append((x, y))
        y += 22
    red, blue = (0.5, 0.02, 0.02), (0.02, 0.06, 0.4)
    for side in (LEFT, RIGHT):
        edge = layout.crossing[0] - 0.6 if side == LEFT else layout.crossing[1] + 0.6
        for y in (edge, rnd.uniform(8, 45), rnd.uniform(8, 45)):
            if rnd.random() < 0.6:
                stand("sign", side, y, 0.3, 0.0, rnd.choice((red, blue)))
        wall = layout.sidewalk_width[side] - 0.45
        for _ in range(rnd.randint(0, 3)):
            colour = rnd.choice(((0.02, 0.09, 0.03), (0.03, 0.03, 0.03), (0.25, 0.17, 0.02),
                                 (0.02, 0.05, 0.18)))
            stand("bin", side, rnd.uniform(6, 40), wall, rnd.gauss(0, 0.15), colour)
        if rnd.random() < 0.5:
            stand("litter_bin", side, rnd.uniform(7, 35), 0.5, 0.0, (0.03, 0.1, 0.06))
        if rnd.random() < 0.4:
            stand("cabinet", side, rnd.uniform(8, 40), wall, 0.0, (0.25, 0.27, 0.25))
        if rnd.random() < 0.4:
            stand("bench", side, rnd.uniform(8, 32), wall, math.pi / 2 - math.pi * side)
        if rnd.random() < 0.5:
            y = rnd.uniform(7, 34)
            for k in range(rnd.randint(1, 3)):
                colour = rnd.choice(((0.3, 0.02, 0.02), (0.02, 0.02, 0.02), (0.03, 0.1, 0.2)))
                stand("bicycle", side, y + 1.2 * k, wall - 0.6, rnd.uniform(1.2, 1.9), colour)
        if rnd.random() < 0.35:
            y = rnd.uniform(7, 30)
            for k in range(rnd.randint(2, 4)):
                stand("bollard", side, y + 1.8 * k, 0.25)
        if rnd.random() < 0.3:
            stand("planter", side, rnd.uniform(8, 36), wall, 0.0, (0.5, 0.9, 0.5))
