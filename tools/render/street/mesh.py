"""Building blocks of all Kerbside meshes: boxes, tubes and balls combined into one mesh.

`MeshBuilder` collects vertices and faces with a material name each, then becomes a Blender mesh;
`place` puts a mesh into the scene. Meshes that recur are cached by name in Blender's own data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import bpy
from mathutils import Vector

from .materials import material

Point = Sequence[float]


class MeshBuilder:
    """Gathers primitives with material names; `mesh(name)` turns them into a Blender mesh."""

    def __init__(self) -> None:
        self.vertices: list[tuple[float, ...]] = []
        self.faces: list[list[int]] = []
        self.slots: list[int] = []
        self.smooth: list[bool] = []
        self.materials: list[str] = []

    def slot(self, name: str) -> int:
        """Index of a material in this mesh, added when new."""
        if name not in self.materials:
            self.materials.append(name)
        return self.materials.index(name)

    def add(self, points: Sequence[Point], faces: Sequence[Sequence[int]], name: str,
            smooth: bool = False) -> None:
        """Add faces over their own points."""
        start, slot = len(self.vertices), self.slot(name)
        self.vertices += [tuple(p) for p in points]
        for face in faces:
            self.faces.append([start + i for i in face])
            self.slots.append(slot)
            self.smooth.append(smooth)

    def quad(self, points: Sequence[Point], name: str) -> None:
        """One face through its points in order."""
        self.add(points, [tuple(range(len(points)))], name)

    def box(self, centre: Point, size: Point, name: str, taper: float = 1.0) -> None:
        """An upright box; `taper` scales its upper face."""
        x, y, z = centre
        a, b, h = (s / 2 for s in size)
        low = [(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)]
        points = [(*p, z - h) for p in low]
        points += [(x + (px - x) * taper, y + (py - y) * taper, z + h) for px, py in low]
        faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
        self.add(points, faces, name)

    def tube(self, start: Point, end: Point, radius: float, end_radius: float | None = None,
             name: str = "metal", sides: int = 10, caps: bool = True) -> None:
        """A cylinder or cone between two points."""
        p, q = Vector(start), Vector(end)
        frame = (q - p).to_track_quat("Z", "Y").to_matrix()
        ring = [
            Vector((math.cos(2 * math.pi * i / sides), math.sin(2 * math.pi * i / sides), 0))
            for i in range(sides)
        ]
        radii = (radius, radius if end_radius is None else end_radius)
        points = [c + frame @ (v * r) for c, r in zip((p, q), radii, strict=True) for v in ring]
        walls = [(i, (i + 1) % sides, sides + (i + 1) % sides, sides + i) for i in range(sides)]
        self.add(points, walls, name, smooth=True)
        if caps:
            self.add(points, [range(sides - 1, -1, -1), range(sides, 2 * sides)], name)

    def ball(self, centre: Point, radius: float | Point, name: str, sides: int = 10,
             rings: int = 7) -> None:
        """A sphere or ellipsoid."""
        rx, ry, rz = (radius,) * 3 if isinstance(radius, (int, float)) else radius
        points, faces = [], []
        for j in range(rings + 1):
            t = math.pi * j / rings
            for i in range(sides):
                a = 2 * math.pi * i / sides
                points.append((
                    centre[0] + rx * math.sin(t) * math.cos(a),
                    centre[1] + ry * math.sin(t) * math.sin(a),
                    centre[2] - rz * math.cos(t),
                ))
        for j in range(rings):
            for i in range(sides):
                k = (i + 1) % sides
                low, high = j * sides, (j + 1) * sides
                faces.append((low + i, low + k, high + k, high + i))
        self.add(points, faces, name, smooth=True)

    def ring(self, centre: Point, radius: float, thickness: float, name: str,
             sides: int = 14) -> None:
        """A wheel-like ring in the y-z plane, made of short tubes."""
        x, y, z = centre
        rim = [
            (x, y + radius * math.cos(2 * math.pi * i / sides),
             z + radius * math.sin(2 * math.pi * i / sides))
            for i in range(sides)
        ]
        for a, b in zip(rim, rim[1:] + rim[:1], strict=True):
            self.tube(a, b, thickness, name=name, sides=5, caps=False)

    def mesh(self, name: str) -> bpy.types.Mesh:
        """The Blender mesh of everything gathered."""
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(self.vertices, [], self.faces)
        for key in self.materials:
            mesh.materials.append(material(key))
        mesh.polygons.foreach_set("material_index", self.slots)
        mesh.polygons.foreach_set("use_smooth", self.smooth)
        mesh.update()
        return mesh


#: Names of meshes that are used again from scene to scene and never removed.
CACHED: set[str] = set()


def cached(name: str, build: Callable[[], MeshBuilder]) -> bpy.types.Mesh:
    """Mesh of a given name, built on first use."""
    if name not in bpy.data.meshes:
        mesh = build().mesh(name)
        assert mesh.name == name
        mesh.use_fake_user = True
        CACHED.add(name)
    return bpy.data.meshes[name]


def place(mesh: bpy.types.Mesh, index: int, location: Point = (0, 0, 0),
          turn: Point = (0, 0, 0), scale: float = 1.0,
          colour: Point = (1, 1, 1)) -> bpy.types.Object:
    """Add a mesh to the scene; `index` is its value in the label pass.

    The alpha of its colour is 0; vehicle lamps use it to store whether they are lit.
    """
    thing = bpy.data.objects.new(mesh.name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.location, thing.rotation_euler = location, turn
    thing.scale = (scale,) * 3
    thing.color = (*colour, 0.0)
    thing.pass_index = index
    return thing
