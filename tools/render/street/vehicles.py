"""Vehicle meshes: lofted bodies with glass, wheels, lamps, plates and a dark interior.

A body is a loft through the stations of its `VehicleSpec`, smoothed by a subdivision surface with
creased edges; wheel arches are cut out of it. Vehicles look along +y and have their origin on the
ground in the middle. One mesh per shape is built and cached; paint is the object's colour.
"""

from __future__ import annotations

import math

import bmesh
import bpy

from .materials import car_paint, material, register
from .mesh import MeshBuilder, cached, place
from .vehicle_specs import VEHICLES, VehicleSpec

BODY, GLASS, DARK = 0, 1, 2  # material slots of the loft
SHOULDER = 4  # number of the shoulder point in a half cross-section
CREASE = {2: 0.35, 4: 0.6, 6: 0.5}  # edges along the body that stay crisp


def vehicle_mesh(kind: str) -> bpy.types.Mesh:
    """The mesh of a vehicle kind, at its true size."""
    return cached(f"vehicle_{kind}", lambda: _build(VEHICLES[kind]))


def _build(spec: VehicleSpec) -> MeshBuilder:
    paint = register(f"paint_{spec.kind}", car_paint(spec.doors))
    body = _carved_body(spec, paint)
    builder = MeshBuilder()
    builder.materials = [m.name for m in body.materials]
    builder.vertices = [tuple(v.co) for v in body.vertices]
    for polygon in body.polygons:
        builder.faces.append(list(polygon.vertices))
        builder.slots.append(polygon.material_index)
        builder.smooth.append(True)
    bpy.data.meshes.remove(body)
    _add_wheels(builder, spec)
    _add_interior(builder, spec)
    _add_front_and_rear(builder, spec)
    _add_sides(builder, spec, paint)
    if spec.kind == "truck":
        _add_cargo_box(builder, spec)
    return builder


def _station_y(spec: VehicleSpec, fraction: float) -> float:
    return spec.length / 2 - fraction * (spec.body_length or spec.length)


def _in_cabin(spec: VehicleSpec, i: int) -> bool:
    last = len(spec.stations) - 2
    return spec.windscreen < i <= (spec.rear_window if spec.rear_window is not None else last)


def _half_section(spec: VehicleSpec, i: int) -> list[tuple[float, float]]:
    """Points (x, z) of the right half of a cross-section, from under the middle to the roof."""
    _, shoulder, top, factor = spec.stations[i]
    w = spec.width / 2 * factor
    ends = i in (0, len(spec.stations) - 1)
    sill = spec.ride * 0.62 + (0.12 if ends else 0.0)
    cabin = _in_cabin(spec, i)
    roof_w = w * (spec.cabin_taper if cabin else 0.93)
    return [
        (0.0, sill),
        (w * 0.86, sill),
        (w * 0.965, sill + 0.10),
        (w, sill + (shoulder - sill) * 0.55),
        (w * 0.965, shoulder),
        (roof_w, top - 0.05 if cabin else shoulder + (top - shoulder) * 0.55),
        (roof_w - 0.045, top - 0.02 if cabin else shoulder + (top - shoulder) * 0.8),
        (roof_w * 0.5, top + (0.015 if cabin else 0.0)),
        (0.0, top + 0.02),
    ]


def _slot(spec: VehicleSpec, i: int, j: int) -> int:
    """Material of the strip between points j and j+1 from station i to the next."""
    rear = spec.rear_window
    in_glasshouse = spec.windscreen <= i <= (rear if rear is not None else 99)
    if j <= 1:
        return DARK
    if j == SHOULDER and in_glasshouse and i != spec.pillar and i <= spec.side_glass_until:
        return GLASS
    if j in (6, 7) and i in (spec.windscreen, rear):
        return GLASS
    if j in (5, 6, 7) and spec.bed_from is not None and spec.bed_from <= i < len(spec.stations) - 2:
        return DARK
    return BODY


def _loft(spec: VehicleSpec, paint: str) -> bpy.types.Mesh:
    """The coarse body before smoothing."""
    bm = bmesh.new()
    last = len(spec.stations) - 1
    body_length = spec.body_length or spec.length
    rows = []
    for i, (fraction, *_) in enumerate(spec.stations):
        y = _station_y(spec, fraction)
        bow = 0.05 * body_length * (1 - 2 * fraction) ** 7 if i in (0, last) else 0.0
        if spec.body_length and i == last:
            bow = 0.0
        section = [
            (x, y - bow * (x / (spec.width / 2)) ** 2, z) for x, z in _half_section(spec, i)
        ]
        right = [bm.verts.new(p) for p in section]
        mirrored = [bm.verts.new((-x, y, z)) for x, y, z in section[1:-1]]
        rows.append((right, [right[0], *mirrored, right[-1]]))

    def face(corners: list, slot: int, flip: bool) -> None:
        unique = list(dict.fromkeys(corners))
        made = bm.faces.new(unique[::-1] if flip else unique)
        made.material_index, made.smooth = slot, True

    for i in range(last):
        for side in (0, 1):
            a, b = rows[i][side], rows[i + 1][side]
            for j in range(8):
                face([a[j], a[j + 1], b[j + 1], b[j]], _slot(spec, i, j), flip=not side)
    for i in (0, last):
        right, left = rows[i]
        for j in range(8):
            slot = DARK if j <= 1 else BODY
            face([right[j], right[j + 1], left[j + 1], left[j]], slot, flip=i == last)
    crease = bm.edges.layers.float.new("crease_edge")
    for edge in bm.edges:
        if len({f.material_index for f in edge.link_faces}) == 2:
            edge[crease] = 0.7
    for i in range(last):
        for side in (0, 1):
            for j, sharpness in CREASE.items():
                edge = bm.edges.get((rows[i][side][j], rows[i + 1][side][j]))
                edge[crease] = max(edge[crease], sharpness)
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    mesh = bpy.data.meshes.new("loft")
    bm.to_mesh(mesh)
    bm.free()
    for name in (paint, "car_glass", "plastic"):
        mesh.materials.append(material(name))
    return mesh


def _carved_body(spec: VehicleSpec, paint: str) -> bpy.types.Mesh:
    """The smoothed body with its wheel arches cut out."""
    body = place(_loft(spec, paint), 0)
    smooth = body.modifiers.new("smooth", "SUBSURF")
    smooth.levels = smooth.render_levels = 2
    arches = MeshBuilder()
    reach = spec.width * 0.6
    for y in spec.axles:
        if y - spec.wheel_radius > _station_y(spec, 1.0):
            start, end = (-reach, y, spec.wheel_radius), (reach, y, spec.wheel_radius)
            arches.tube(start, end, spec.wheel_radius * 1.17, name="plastic", sides=28)
    cutter = place(arches.mesh("arches"), 0)
    cut = body.modifiers.new("cut", "BOOLEAN")
    cut.operation, cut.object, cut.solver, cut.material_mode = (
        "DIFFERENCE", cutter, "EXACT", "TRANSFER",
    )
    evaluated = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    carved = bpy.data.meshes.new_from_object(evaluated)
    for thing in (body, cutter):
        mesh = thing.data
        bpy.data.objects.remove(thing)
        bpy.data.meshes.remove(mesh)
    return carved


def _add_wheels(g: MeshBuilder, spec: VehicleSpec) -> None:
    half, r = spec.width / 2, spec.wheel_radius
    for y in spec.axles:
        g.box((0, y, r + 0.05), (half * 1.5, r * 2.2, r * 1.9), "plastic")
        for side in (-1, 1):
            x = side * spec.track / 2
            g.tube((x - 0.1, y, r), (x + 0.1, y, r), r, name="tyre", sides=24)
            face = x + side * 0.105
            g.tube((face - 0.01, y, r), (face + 0.01, y, r), r * 0.66, r * 0.62, "rim", sides=20)
            for spoke in range(5):
                t = spoke * 2 * math.pi / 5
                hole = (face + side * 0.012, y + r * 0.36 * math.cos(t), r + r * 0.36 * math.sin(t))
                g.ball(hole, (0.008, r * 0.13, r * 0.13), "plastic", 8, 4)


def _add_interior(g: MeshBuilder, spec: VehicleSpec) -> None:
    """A dark floor below the windows, a dashboard and seats: what tinted glass lets through."""
    front = _station_y(spec, spec.stations[spec.windscreen][0])
    end = spec.rear_window if spec.rear_window is not None else len(spec.stations) - 2
    rear = _station_y(spec, spec.stations[end][0]) + 0.1
    shoulder = spec.stations[spec.windscreen + 1][1]
    w = spec.width * 0.84
    g.box((0, (front + rear) / 2, shoulder - 0.18), (w, front - rear, 0.06), "seat")
    g.box((0, front - 0.25, shoulder - 0.06), (w, 0.35, 0.16), "seat")
    rows = [front - 1.15]
    if spec.rear_window is not None and front - rear > 2.0:
        rows.append(front - 2.05)
    for y in rows:
        for side in (-1, 1):
            g.box((side * w * 0.25, y, shoulder + 0.02), (0.46, 0.14, 0.42), "seat", 0.85)
            g.box((side * w * 0.25, y, shoulder + 0.30), (0.24, 0.10, 0.17), "seat")


def _add_front_and_rear(g: MeshBuilder, spec: VehicleSpec) -> None:
    """Lamps, grille and number plates."""
    half, nose, tail = spec.width / 2, spec.length / 2, -spec.length / 2
    low, high = spec.stations[0][1], spec.stations[1][1]
    lamp_z = (low + high) / 2
    for side in (-1, 1):
        g.ball((side * half * 0.64, nose - 0.17, lamp_z), (0.20, 0.15, 0.065), "headlamp")
        g.ball((side * half * 0.60, nose - 0.155, lamp_z), (0.08, 0.15, 0.05), "headlamp")
    g.box((0, nose - 0.085, low - 0.10), (half * 0.95, 0.10, 0.12), "plastic", 0.95)
    g.box((0, nose - 0.11, spec.ride * 0.62 + 0.15), (half * 1.2, 0.12, 0.12), "plastic")
    g.box((0, nose - 0.02, low - 0.19), (0.50, 0.02, 0.11), "plate")
    if spec.kind == "truck":
        g.box((0, tail + 0.02, 0.62), (0.50, 0.04, 0.12), "plate")
        for side in (-1, 1):
            g.box((side * half * 0.8, tail + 0.02, 0.62), (0.28, 0.05, 0.12), "tail_lamp")
        return
    shoulder = spec.stations[-1][1]
    g.box((0, tail, shoulder - 0.16), (0.50, 0.04, 0.11), "plate")
    g.box((0, tail + 0.06, spec.ride * 0.62 + 0.17), (half * 1.3, 0.10, 0.13), "plastic")
    if spec.kind == "van":
        g.box((0, tail + 0.03, 1.2), (0.02, 0.09, 1.3), "plastic")
        for side in (-1, 1):
            g.box((side * 0.42, tail + 0.05, 1.45), (0.56, 0.06, 0.42), "window_dark")
            g.box((side * half * 0.90, tail + 0.07, 1.12), (0.10, 0.10, 0.36), "tail_lamp")
        return
    upright = spec.kind in ("suv", "minibus", "pickup", "city_car")
    for side in (-1, 1):
        if upright:
            centre, size = (side * half * 0.82, tail + 0.06, shoulder + 0.10), (0.09, 0.10, 0.24)
        else:
            centre, size = (side * half * 0.72, tail + 0.12, shoulder + 0.03), (0.17, 0.13, 0.09)
        g.ball(centre, size, "tail_lamp")


def _add_sides(g: MeshBuilder, spec: VehicleSpec, paint: str) -> None:
    """Mirrors and door handles."""
    half = spec.width / 2
    a, b = (spec.stations[spec.windscreen + k] for k in (0, 1))
    y = _station_y(spec, a[0] * 0.62 + b[0] * 0.38)
    handle_z = spec.stations[spec.windscreen + 1][1] - 0.10
    for side in (-1, 1):
        g.ball((side * (half + 0.06), y, a[2] + 0.06), (0.11, 0.06, 0.075), paint)
        for door in spec.doors[1:]:
            g.box((side * half * 0.995, door + 0.14, handle_z), (0.02, 0.16, 0.025), "chrome")
    if spec.kind in ("suv", "estate"):
        roof = spec.stations[spec.pillar][2] + 0.03
        for side in (-1, 1):
            x = side * half * spec.cabin_taper * 0.86
            g.box((x, -0.045 * spec.length, roof), (0.03, spec.length * 0.3, 0.03), "chrome")


def _add_cargo_box(g: MeshBuilder, spec: VehicleSpec) -> None:
    """Chassis and box of the light truck."""
    front = spec.length / 2 - spec.body_length - 0.12
    tail = -spec.length / 2
    middle, length = (front + tail) / 2, front - tail
    g.box((0, middle, 0.66), (0.9, length + 0.6, 0.22), "plastic")
    g.box((0, middle, 1.87), (spec.width, length, 2.1), "cargo_box")
    g.box((0, middle, 0.84), (spec.width * 1.0, length, 0.05), "metal")
    for side in (-1, 1):
        g.box((side * (spec.width / 2 - 0.04), middle + 0.5, 0.55), (0.05, 1.4, 0.28), "metal")
        g.box((side * spec.width / 4, tail - 0.01, 1.87), (0.03, 0.03, 2.0), "metal")
    g.box((0, spec.axles[1], 0.45), (1.5, 0.3, 0.25), "plastic")
