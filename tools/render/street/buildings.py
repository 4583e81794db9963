"""Houses of the street: facades with recessed windows, shops, balconies and several roofs.

A facade is modelled in its own frame: along +x from 0 to its width, looking towards -y, the house
behind it towards +y. `place_house` turns it to its side of the street; `place_ending` closes the
view at the end of the street with a row, a park, tower blocks or open sky.
"""

from __future__ import annotations

import math
import random

import bpy

from .layout import LEFT, STREET_END, House
from .mesh import MeshBuilder, place
from .trees import tree_mesh

DEPTH = 9.5
WALL_COLOURS = (
    (.55, .50, .42), (.60, .56, .50), (.42, .20, .13), (.35, .17, .12), (.50, .45, .35),
    (.62, .60, .58), (.45, .35, .30), (.30, .32, .34), (.60, .50, .32), (.50, .55, .50),
    (.66, .62, .55), (.45, .48, .52),
)


def place_house(house: House, index: int) -> bpy.types.Object:
    """Build a house of a row at its place."""
    mesh = _house_mesh(random.Random(house.seed), house.width)
    colour = _wall_colour(random.Random(house.seed + 1))
    if house.side == LEFT:
        return place(mesh, index, (house.x, house.y0, 0), (0, 0, math.pi / 2), colour=colour)
    y = house.y0 + house.width
    return place(mesh, index, (house.x, y, 0), (0, 0, -math.pi / 2), colour=colour)


def _wall_colour(rnd: random.Random) -> tuple[float, ...]:
    return tuple(v * rnd.uniform(0.8, 1.1) for v in rnd.choice(WALL_COLOURS))


def _house_mesh(rnd: random.Random, width: float, floors: int | None = None) -> bpy.types.Mesh:
    g = MeshBuilder()
    floors = floors or rnd.randint(1, 5)
    floor_height, ground = rnd.uniform(2.9, 3.4), rnd.uniform(3.4, 4.2)
    bays = max(2, int(width / rnd.uniform(2.2, 3.4)))
    bay = width / bays
    opening = bay * rnd.uniform(0.36, 0.6)
    wall = rnd.choice(("plaster", "plaster", "brick"))
    shop = width > 5 and rnd.random() < 0.6
    shutters = rnd.random() < 0.25
    door = rnd.randrange(bays)
    for i in range(bays):
        x0, x1 = i * bay, (i + 1) * bay
        middle = (x0 + x1) / 2
        if shop:
            sill = 0.05 if i == door else 0.5
            hole = (middle - bay * 0.42, middle + bay * 0.42, sill, ground - 1)
            _cell(g, wall, (x0, x1, 0, ground), hole)
        elif i == door:
            _cell(g, wall, (x0, x1, 0, ground), (middle - 0.55, middle + 0.55, 0.1, 2.5), "door")
        else:
            hole = (middle - opening / 2, middle + opening / 2, 1.0, 2.6)
            _cell(g, wall, (x0, x1, 0, ground), hole)
        for k in range(floors):
            z = ground + k * floor_height
            hole = (middle - opening / 2, middle + opening / 2, z + 0.85, z + floor_height - 0.55)
            _cell(g, wall, (x0, x1, z, z + floor_height), hole)
            if shutters:
                for side in (-1, 1):
                    x = middle + side * opening * 0.78
                    g.box((x, -0.03, z + floor_height / 2 + 0.15),
                          (opening * 0.5, 0.05, floor_height - 1.4), "door")
        if rnd.random() < 0.25:
            z = ground + floor_height * rnd.randrange(floors)
            _balcony(g, middle, z, bay * 0.8)
    if shop:
        _shop_front(g, rnd, width, ground, bays)
    _roof(g, rnd, width, ground + floors * floor_height, wall, floors)
    g.box((width / 2, -0.12, ground), (width, 0.3, 0.18), "trim")
    if rnd.random() < 0.5:
        g.tube((0.12, -0.1, 0), (0.12, -0.1, ground + floors * floor_height), 0.05, name="metal",
               sides=6)
    return g.mesh("house")


def _cell(g: MeshBuilder, wall: str, frame: tuple, hole: tuple, glass: str = "window") -> None:
    """One bay of wall with a recessed opening; both given as (x0, x1, z0, z1)."""
    (x0, x1, z0, z1), (a, b, c, d) = frame, hole
    deep = 0.18
    points = [(x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1),
              (a, 0, c), (b, 0, c), (b, 0, d), (a, 0, d),
              (a, deep, c), (b, deep, c), (b, deep, d), (a, deep, d)]
    g.add(points, [(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)], wall)
    g.add(points, [(4, 5, 9, 8), (5, 6, 10, 9), (6, 7, 11, 10), (7, 4, 8, 11)], "trim")
    g.quad(points[8:], glass)
    if glass == "window":
        g.box(((a + b) / 2, deep - 0.03, (c + d) / 2), (0.06, 0.05, d - c), "trim")
        g.box(((a + b) / 2, -0.06, c - 0.05), (b - a + 0.2, 0.2, 0.09), "trim")


def _balcony(g: MeshBuilder, x: float, z: float, width: float) -> None:
    g.box((x, -0.5, z + 0.05), (width, 1.0, 0.12), "trim")
    g.box((x, -0.98, z + 1.05), (width, 0.04, 0.05), "metal")
    bars = max(4, int(width / 0.16))
    for k in range(bars + 1):
        bar = x - width / 2 + k * width / bars
        g.box((bar, -0.98, z + 0.58), (0.025, 0.025, 0.95), "metal")


def _shop_front(g: MeshBuilder, rnd: random.Random, width: float, ground: float, bays: int) -> None:
    colour = rnd.choice(("tinted", "metal", "door", "roof"))
    g.box((width / 2, -0.08, ground - 0.55), (width * 0.94, 0.16, 0.55), colour)
    for k in range(rnd.randint(3, 7)):
        x = width * 0.3 + k * 0.34
        if x < width * 0.85:
            g.box((x, -0.17, ground - 0.55), (0.2, 0.02, rnd.uniform(0.16, 0.3)), "trim")
    if rnd.random() < 0.6:
        bay = width / bays
        for i in range(bays):
            a, b = (i + 0.06) * bay, (i + 0.94) * bay
            z, out = ground - 0.85, -1.1
            g.quad(((a, 0, z), (b, 0, z), (b, out, z - 0.5), (a, out, z - 0.5)), colour)
            g.quad(((a, out, z - 0.5), (b, out, z - 0.5), (b, out, z - 0.68), (a, out, z - 0.68)),
                   "trim" if i % 2 else colour)


def _roof(g: MeshBuilder, rnd: random.Random, width: float, top: float, wall: str,
          floors: int) -> None:
    """The house's body with a flat, pitched or mansard roof, chimneys on it."""
    x = width / 2
    g.box((x, DEPTH / 2 + 0.2, top / 2 - 0.1), (width - 0.02, DEPTH, top + 0.2), wall)
    g.box((x, -0.2, top), (width, 0.6, 0.35), "trim")
    style = rnd.choice(("flat", "pitched", "pitched", "mansard"))
    if style == "flat" and floors > 3:
        g.box((x, 4, top + 0.9), (2.5, 3, 1.6), wall)
        return
    if style == "flat":
        g.box((x, 0.1, top + 0.35), (width, 0.25, 0.6), wall)
        return
    rise, back = (2.6, DEPTH / 2) if style == "pitched" else (2.4, 1.3)
    low, high, end = top + 0.15, top + 0.15 + rise, DEPTH
    g.quad(((0, -0.45, low), (width, -0.45, low), (width, back, high), (0, back, high)), "tiles")
    if style == "pitched":
        g.quad(((0, back, high), (width, back, high), (width, end, low), (0, end, low)), "tiles")
        for px in (0.0, width):
            g.add(((px, 0, low), (px, end, low), (px, back, high)), [(0, 1, 2)], wall)
    else:
        g.quad(((0, back, high), (width, back, high), (width, end, high), (0, end, high)), "roof")
        for px in (0.0, width):
            g.quad(((px, 0, low), (px, end, low), (px, end, high), (px, back, high)), wall)
    dormers = int(width / 3.5) if rnd.random() < 0.6 else 0
    for k in range(dormers):
        dx = (k + 0.5) * width / dormers
        g.box((dx, 0.75, low + 0.95), (1.3, 1.7, 1.5), "trim")
        g.box((dx, -0.12, low + 0.95), (0.9, 0.06, 1.0), "window")
    for _ in range(rnd.randint(0, 2)):
        g.box((rnd.uniform(0.8, max(0.9, width - 0.8)), back + 0.4, high + 0.3), (0.6, 0.5, 1.6),
              "brick")


def place_ending(ending: str, seed: int, building: int, vegetation: int) -> None:
    """Close the view at the end of the street."""
    rnd = random.Random(f"kerbside ending {seed}")
    y = STREET_END + 4
    if ending == "row":
        x = -45.0
        while x < 45:
            width = rnd.uniform(9, 16)
            mesh = _house_mesh(rnd, width, rnd.randint(2, 5))
            place(mesh, building, (x, y, 0), colour=_wall_colour(rnd))
            x += width
        return
    if ending == "towers":
        for x in (-30, -8, 14, 36):
            mesh = _house_mesh(rnd, rnd.uniform(14, 20), rnd.randint(5, 11))
            place(mesh, building, (x + rnd.uniform(-4, 4), y + rnd.uniform(8, 60), 0),
                  colour=_wall_colour(rnd))
    x = -45.0
    while x < 45:
        kind = f"tree_{rnd.choice(('round', 'round', 'column'))}_{rnd.randrange(3)}"
        tint = (rnd.uniform(0.7, 1.3), rnd.uniform(0.8, 1.1), 0.9)
        far = rnd.uniform(0, 14) if ending == "park" else rnd.uniform(20, 60)
        place(tree_mesh(kind), vegetation, (x, y + far, 0), (0, 0, rnd.uniform(0, 6.28)),
              rnd.uniform(0.9, 1.5), tint)
        x += rnd.uniform(1.5, 4.5) if ending == "park" else rnd.uniform(4, 9)


def place_side_street(y0: float, y1: float, x: float, out: int, seed: int, building: int) -> None:
    """Houses along both sides of the side street and across its end."""
    rnd = random.Random(f"kerbside side street {seed}")
    for edge, turn in ((y0 - 1.5, math.pi), (y1 + 1.5, 0.0)):
        reach = 0.0
        while reach < 30:
            width = rnd.uniform(8, 13)
            near = x + out * (0.3 + DEPTH + reach)
            far = near + out * width
            left_end = min(near, far) if turn == 0 else max(near, far)
            place(_house_mesh(rnd, width), building, (left_end, edge, 0), (0, 0, turn),
                  colour=_wall_colour(rnd))
            reach += width
    turn = -math.pi / 2 if out > 0 else math.pi / 2
    start = y1 + 6 if out > 0 else y0 - 6
    place(_house_mesh(rnd, y1 - y0 + 12, 3), building, (x + out * 46, start, 0), (0, 0, turn),
          colour=_wall_colour(rnd))
