"""Road, kerbs, sidewalks and road markings.

Paint lies 2 to 6 mm above the asphalt, so that label pass and picture agree on occlusion.
"""

from __future__ import annotations

import random

import bpy

from .layout import LEFT, RIGHT, STREET_END, STREET_START, Layout
from .mesh import MeshBuilder, place

WHITE, YELLOW, RED = (.75, .75, .72), (.70, .50, .03), (.32, .06, .04)


def build_ground(layout: Layout, index: dict[str, int]) -> None:
    """All paved surfaces of the street, labelled by the ids in `index`."""
    road = index["road"]
    _sheet((-80, 80, STREET_START, 300), -0.02, "asphalt", road)
    _sheet((*layout.kerb, STREET_START, STREET_END + 3), 0.0, "asphalt", road)
    if layout.ending in ("park", "open"):
        _sheet((-80, 80, STREET_END, 300), 0.01, "grass", index["vegetation"])
    for side in (LEFT, RIGHT):
        _sidewalk(layout, side, index["sidewalk"])
        _bays(layout, side, road)
    _centre_line(layout, road)
    _crossing(layout, index)
    _wear(layout, road)
    if layout.bus_lane:
        x0, x1, y0, y1 = layout.bus_lane
        _sheet((x0, x1, y0, y1), 0.0025, "road_paint", road, RED)
        _sheet((x0 - 0.1, x0 + 0.1, y0, y1), 0.005, "road_paint", road, WHITE)
    if layout.hydrant:
        _hydrant_bay(layout, road)


def _sheet(extent: tuple, z: float, name: str, index: int, colour=(1, 1, 1)) -> bpy.types.Object:
    """A flat rectangle (x0, x1, y0, y1)."""
    x0, x1, y0, y1 = extent
    g = MeshBuilder()
    g.quad(((x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)), name)
    return place(g.mesh("sheet"), index, colour=colour)


def _sidewalk(layout: Layout, side: int, index: int) -> None:
    out, kerb, z = layout.towards_kerb(side), layout.kerb[side], layout.kerb_height
    far = kerb + out * (layout.sidewalk_width[side] + 9)
    pieces = [(STREET_START, STREET_END)]
    if layout.side_street and layout.side_street[0] == side:
        pieces = [(STREET_START, layout.side_street[1]), (layout.side_street[2], STREET_END)]
    g = MeshBuilder()
    for y0, y1 in pieces:
        _sheet((min(kerb, far), max(kerb, far), y0, y1), z - 0.005, "slab", index, layout.slab_tint)
        x = kerb + out * 0.075
        y = y0
        while y < min(y1, 70):
            g.box((x, min(y + 0.5, y1 - 0.5), z / 2), (0.15, 0.985, z), "kerb")
            y += 1.0
        if y1 > 70:
            g.box((x, (70 + y1) / 2, z / 2), (0.15, y1 - 70, z), "kerb")
        for corner in {y0, y1} - {STREET_START, STREET_END}:
            g.box(((kerb + far) / 2, corner, z / 2), (abs(far - kerb), 0.15, z), "kerb")
    place(g.mesh("kerbstones"), index)


def _bays(layout: Layout, side: int, road: int) -> None:
    edge = layout.towards_kerb(side) * layout.lane_width
    x0, x1 = sorted((edge, layout.kerb[side]))
    for start, end in layout.parking_stretches(side):
        y = start
        while y < end:
            _sheet((x0, x1, y, y + 0.1), 0.003, "road_paint", road, WHITE)
            y += 5.6


def _centre_line(layout: Layout, road: int) -> None:
    rnd = random.Random(f"kerbside paint {layout.seed}")
    y = STREET_START + rnd.uniform(0, 4)
    y0, y1 = layout.crossing
    while y < STREET_END:
        if not y0 - 2 < y + 1 < y1 + 1:
            length = 4.1 if layout.solid_centre_line else 2.0
            _sheet((-0.06, 0.06, y, y + length), 0.004, "road_paint", road, WHITE)
        y += 4
    _sheet((0.1, layout.lane_width, y0 - 1.6, y0 - 1.2), 0.004, "road_paint", road, WHITE)
    _sheet((-layout.lane_width, -0.1, y1 + 1.2, y1 + 1.6), 0.004, "road_paint", road, WHITE)


def _crossing(layout: Layout, index: dict[str, int]) -> None:
    x0, x1 = layout.kerb
    y0, y1 = layout.crossing
    _sheet((x0, x1, y0, y1), 0.003, "asphalt", index["crossing"])
    x = x0 + 0.35
    while x + 0.5 < x1:
        _sheet((x, x + 0.5, y0, y1), 0.006, "road_paint", index["crossing"], WHITE)
        x += 1.0


def _wear(layout: Layout, road: int) -> None:
    """Patches of tar, a trench, manholes and gullies."""
    rnd = random.Random(f"kerbside wear {layout.seed}")
    y0, y1 = layout.crossing
    for _ in range(rnd.randint(3, 9)):
        x = rnd.uniform(layout.kerb[LEFT] + 0.4, layout.kerb[RIGHT] - 2)
        y, a, b = rnd.uniform(4, 50), rnd.uniform(0.5, 1.6), rnd.uniform(0.8, 5.0)
        if not y0 - 2 - b < y < y1 + 2:
            _sheet((x, x + a, y, y + b), 0.0015, "tar", road)
    if rnd.random() < 0.4:
        y = rnd.uniform(y1 + 3, y1 + 12)
        _sheet((*layout.kerb, y, y + rnd.uniform(0.5, 0.9)), 0.0012, "tar", road)
    g = MeshBuilder()
    for _ in range(rnd.randint(1, 4)):
        x = rnd.uniform(-layout.lane_width, layout.lane_width)
        y = rnd.uniform(5, 40)
        if not y0 - 0.5 < y < y1 + 0.5:
            g.tube((x, y, 0.002), (x, y, 0.005), 0.33, name="metal", sides=20)
    for side in (LEFT, RIGHT):
        x = layout.kerb[side] - layout.towards_kerb(side) * 0.25
        for y in range(6, 60, 18):
            if not layout.in_side_street(side, y, 1.0) and not y0 - 0.5 < y < y1 + 0.5:
                g.box((x, y, 0.003), (0.4, 0.5, 0.002), "metal")
    place(g.mesh("covers"), road)


def _hydrant_bay(layout: Layout, road: int) -> None:
    """Yellow frame and hatching on the asphalt before the hydrant."""
    (x0, y0), (x1, _), (_, y1), _ = layout.hydrant_bay()
    inner = x0 if layout.hydrant[0] == RIGHT else x1 - 0.12
    for extent in ((x0, x1, y0, y0 + 0.12), (x0, x1, y1 - 0.12, y1), (inner, inner + 0.12, y0, y1)):
        _sheet(extent, 0.005, "road_paint", road, YELLOW)
    g = MeshBuilder()
    middle, reach = (y0 + y1) / 2, (y1 - y0) / 2
    for k in range(5):
        d = (k / 2 - 1) * reach
        a, b = middle + max(-reach, d - 0.9), middle + min(reach, d + 0.9)
        z = 0.0045
        g.quad(((x0 + .1, a, z), (x0 + .3, a, z), (x1 - .1, b, z), (x1 - .3, b, z)), "road_paint")
    place(g.mesh("hatching"), road, colour=YELLOW)
