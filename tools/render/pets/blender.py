"""Wrapper of the Blender functions used: meshes, hair curves, shader graphs, clean-up.

This module alone handles a missing Blender. It rests on bpy (see `requirements/render.txt`). No lab
introduces it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.render.pets.contract import BPY_IS_MISSING
from tools.render.pets.hair import Strands

try:
    import bpy
    from mathutils import Matrix, Vector
except ImportError as error:
    raise ImportError(BPY_IS_MISSING) from error

__all__ = [
    "Matrix",
    "Shader",
    "Vector",
    "add_curves",
    "add_lamp",
    "add_mesh",
    "add_object",
    "bpy",
    "clear_scene",
    "material",
    "new_world",
]

_DATA = ("objects", "meshes", "hair_curves", "materials", "lights", "cameras", "worlds", "images")


def clear_scene() -> None:
    """Remove all data of a picture, so that memory stays constant over many pictures."""
    for kind in _DATA:
        bpy.data.batch_remove(list(getattr(bpy.data, kind)))


def add_object(name: str, data, index: int = 0):
    """Add data to the scene; `index` is its value in the label pass (0 is no pet)."""
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    thing.pass_index = index
    return thing


def add_mesh(name, vertices, faces, look, colours=None, *, index=0, smooth=True):
    """A mesh object from vertices (N, 3) and faces; `colours` (N, 3) become attribute "col"."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(vertices).tolist(), [], np.asarray(faces).tolist())
    mesh.materials.append(look)
    if smooth:
        mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    if colours is not None:
        _set_colours(mesh, "POINT", colours)
    return add_object(name, mesh, index)


def add_curves(name: str, strands: Strands, look, *, index: int = 0):
    """Hair curves."""
    count, points = strands.points.shape[:2]
    curves = bpy.data.hair_curves.new(name)
    curves.add_curves([points] * count)
    curves.position_data.foreach_set("vector", strands.points.astype(np.float32).ravel())
    radius = curves.attributes.get("radius") or curves.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", strands.radii.astype(np.float32).ravel())
    _set_colours(curves, "CURVE", strands.colours)
    curves.materials.append(look)
    return add_object(name, curves, index)


def _set_colours(data, domain: str, colours: np.ndarray) -> None:
    rgba = np.concatenate([colours, np.ones((len(colours), 1))], axis=1).astype(np.float32)
    attribute = data.attributes.new("col", "FLOAT_COLOR", domain)
    attribute.data.foreach_set("color", rgba.ravel())


def add_lamp(kind: str, power: float, position, size: float, colour) -> None:
    """A lamp that looks at the origin. `kind` AREA: watts and edge; SUN: W/m2 and angle (rad)."""
    lamp = bpy.data.lights.new("lamp", kind)
    lamp.energy, lamp.color = power, tuple(colour)
    if kind == "AREA":
        lamp.size = size
    else:
        lamp.angle = size
    thing = add_object("lamp", lamp)
    thing.location = tuple(position)
    towards = Vector(tuple(-np.asarray(position, float)))
    thing.rotation_euler = towards.to_track_quat("-Z", "Y").to_euler()


class Shader:
    """Builds a shader graph with calls: `shader("TexNoise", Scale=3.0)` adds a node.

    Keyword names are socket names with underscores for spaces; `_0`, `_1` are socket numbers.
    """

    def __init__(self, tree):
        self.tree = tree
        tree.nodes.clear()

    def __call__(self, kind: str, settings: dict | None = None, **inputs):
        """Add a node of type "ShaderNode" + kind; return it."""
        node = self.tree.nodes.new("ShaderNode" + kind)
        for name, value in (settings or {}).items():
            setattr(node, name, value)
        for name, value in inputs.items():
            key = int(name[1:]) if name[0] == "_" else name.replace("_", " ")
            socket = node.inputs[key]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            elif socket.type == "RGBA" and len(value) == 3:
                socket.default_value = (*value, 1)
            else:
                socket.default_value = value
        return node

    def coordinates(self, rotation=(0, 0, 0), scale=(1, 1, 1)):
        """Object coordinates in decimetres, turned and scaled."""
        position = self("TexCoord").outputs["Object"]
        return self("Mapping", Vector=position, Rotation=rotation, Scale=scale).outputs[0]

    def attribute(self):
        """The colours given to `add_mesh` or `add_curves`."""
        return self("Attribute", {"attribute_name": "col"}).outputs[0]

    def math(self, operation: str, a, b=0.0):
        """The result of a number operation, such as MULTIPLY or FRACT."""
        return self("Math", {"operation": operation}, _0=a, _1=b).outputs[0]

    def noise(self, position, scale: float, detail: float = 3.0):
        """Smooth noise from 0 to 1."""
        return self("TexNoise", Vector=position, Scale=scale, Detail=detail).outputs[0]

    def ramp(self, factor, *stops):
        """A colour ramp; a stop is (position, grey or colour)."""
        node = self("ValToRGB", _0=factor)
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (*((colour,) * 3 if isinstance(colour, float) else colour), 1)
        return node.outputs[0]

    def mix(self, factor, a, b, mode: str = "MIX"):
        """Blend two colours; `mode` is Blender's, such as MIX or MULTIPLY."""
        settings = {"data_type": "RGBA", "blend_type": mode}
        return self("Mix", settings, _0=factor, _6=a, _7=b).outputs[2]

    def surface(
        self,
        colour,
        roughness=0.8,
        specular=0.4,
        *,
        sheen=0.0,
        subsurface=0.0,
        bump=None,
        bump_depth=0.05,
    ) -> None:
        """Finish a material with a principled surface."""
        shader = self(
            "BsdfPrincipled",
            Base_Color=colour,
            Roughness=roughness,
            Specular_IOR_Level=specular,
            Sheen_Weight=sheen,
            Subsurface_Weight=subsurface,
        )
        if subsurface:
            shader.inputs["Subsurface Radius"].default_value = (0.10, 0.04, 0.025)
            shader.inputs["Subsurface Scale"].default_value = 1.0
        if bump is not None:
            normal = self("Bump", Strength=0.6, Distance=bump_depth, Height=bump).outputs[0]
            self.tree.links.new(normal, shader.inputs["Normal"])
        self.tree.links.new(shader.outputs[0], self("OutputMaterial").inputs[0])


def material(name: str, build: Callable[[Shader], None]):
    """A material whose shader graph is built by `build`."""
    look = bpy.data.materials.new(name)
    build(Shader(look.node_tree))
    return look


def new_world(name: str) -> Shader:
    """A new world for the scene, with an importance map of a fixed size; returns its graph.

    The automatic map follows the resolution of the picture and doubles the cost of a frame.
    """
    world = bpy.data.worlds.new(name)
    bpy.context.scene.world = world
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 128
    return Shader(world.node_tree)
