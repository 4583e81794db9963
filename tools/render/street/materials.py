"""Materials of the Kerbside streets, built from Cycles shader nodes.

`material(name)` builds each once. Variety comes from the objects: their colour tints paint, walls
and cloth, a random number per object or per mesh island picks curtains, leaves and skin. Two
values, `night` and `wet`, are set per scene through `set_conditions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import bpy

Socket = bpy.types.NodeSocket


class Nodes:
    """A shorthand for shader nodes: `n("TexNoise", Scale=3.0)` adds a node and links inputs."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        tree.nodes.clear()

    def __call__(self, kind: str, settings: dict | None = None, **inputs) -> bpy.types.Node:
        """Add `ShaderNode<kind>`. Inputs are named with _ for a blank, or `_0` for a position."""
        node = self.tree.nodes.new("ShaderNode" + kind)
        for key, value in (settings or {}).items():
            setattr(node, key, value)
        for key, value in inputs.items():
            by_position = key[0] == "_"
            socket = node.inputs[int(key[1:]) if by_position else key.replace("_", " ")]
            if isinstance(value, Socket):
                self.tree.links.new(value, socket)
            elif isinstance(value, tuple) and len(value) == 3 and socket.type == "RGBA":
                socket.default_value = (*value, 1)
            else:
                socket.default_value = value
        return node

    def ramp(self, factor: Socket, *stops: tuple) -> Socket:
        """Colours by position; a stop is (position, grey or RGB)."""
        node = self("ValToRGB", _0=factor)
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (*((colour,) * 3 if isinstance(colour, float) else colour), 1)
        return node.outputs[0]

    def mix(self, factor, a, b, mode: str = "MIX") -> Socket:
        """Blend two colours."""
        settings = dict(data_type="RGBA", blend_type=mode)
        return self("Mix", settings, _0=factor, _6=a, _7=b).outputs[2]

    def math(self, operation: str, a, b=0.0, c=0.0) -> Socket:
        """Arithmetic on numbers."""
        return self("Math", dict(operation=operation), _0=a, _1=b, _2=c).outputs[0]

    def noise(self, vector: Socket, scale: float, detail: float = 3.0) -> Socket:
        """Perlin noise in [0, 1]."""
        return self("TexNoise", Vector=vector, Scale=scale, Detail=detail).outputs[0]

    def coordinates(self, scale=(1.0, 1.0, 1.0), turn=(0.0, 0.0, 0.0)) -> Socket:
        """Object coordinates, optionally stretched or turned."""
        vector = self("TexCoord").outputs["Object"]
        if scale == (1.0, 1.0, 1.0) and turn == (0.0, 0.0, 0.0):
            return vector
        return self("Mapping", Vector=vector, Scale=scale, Rotation=turn).outputs[0]

    def object_colour(self) -> Socket:
        """The colour given to the object."""
        return self("ObjectInfo").outputs["Color"]

    def condition(self, name: str) -> Socket:
        """A number that `set_conditions` sets for the whole scene."""
        node = self("Value")
        node.name = name
        return node.outputs[0]

    def surface(self, colour, roughness=0.8, metal=0.0, coat=0.0, emission=None, bump=None,
                specular=0.5) -> bpy.types.Node:
        """A principled surface."""
        node = self("BsdfPrincipled", Base_Color=colour, Roughness=roughness, Metallic=metal,
                    Coat_Weight=coat, Specular_IOR_Level=specular)
        if emission is not None:
            self.tree.links.new(emission, node.inputs["Emission Color"])
            node.inputs["Emission Strength"].default_value = 1
        if bump is not None:
            normal = self("Bump", Strength=0.4, Distance=0.02, Height=bump)
            self.tree.links.new(normal.outputs[0], node.inputs["Normal"])
        return node

    def output(self, node: bpy.types.Node, indirect: Socket | tuple | None = None) -> None:
        """Finish the material. With `indirect`, rays that bounced meet that plain colour instead.

        Cycles skips the closure whose share is zero, so the textures are paid for only where the
        camera sees them.
        """
        if indirect is not None:
            plain = self("BsdfDiffuse", Color=indirect)
            seen = self("LightPath").outputs["Is Camera Ray"]
            node = self("MixShader", _0=seen, _1=plain.outputs[0], _2=node.outputs[0])
        self.tree.links.new(node.outputs[0], self("OutputMaterial").inputs[0])


def _plain(colour: tuple[float, float, float], roughness: float = 0.8, **more):
    return lambda n: n.output(n.surface(colour, roughness, **more))


def _wettable(n: Nodes, colour: Socket, roughness: float, bump: Socket | None, plain) -> None:
    """A paved surface that darkens and mirrors where the scene is wet, most in puddles.

    `plain` is its mean colour, for bounced light.
    """
    puddle = n.ramp(n.noise(n.coordinates(), 0.45, 4.0), (0.42, 0.35), (0.58, 1.0))
    wet = n.math("MULTIPLY", n.condition("wet"), puddle)
    colour = n.mix(wet, colour, n.mix(1.0, colour, (0.45, 0.45, 0.47), "MULTIPLY"))
    rough = n.math("MULTIPLY_ADD", wet, 0.07 - roughness, roughness)
    n.output(n.surface(colour, rough, bump=bump), plain)


def _asphalt(n: Nodes) -> None:
    co = n.coordinates()
    fine = n.noise(co, 60.0, 2.0)
    colour = n.ramp(n.noise(co, 0.35, 5.0), (0.3, 0.055), (0.5, 0.085), (0.7, 0.12))
    tracks = n.noise(n.coordinates(scale=(1.1, 0.05, 1.0)), 1.3)
    colour = n.mix(0.5, colour, n.ramp(tracks, (0.35, 0.5), (0.65, 1.0)), "MULTIPLY")
    drip = n.noise(n.coordinates(scale=(3.0, 0.12, 1.0)), 1.0, 5.0)
    colour = n.mix(0.6, colour, n.ramp(drip, (0.30, 0.35), (0.36, 1.0)), "MULTIPLY")
    bent = n.mix(0.12, co, n("TexNoise", Vector=co, Scale=1.5).outputs[1])
    cracks = n("TexVoronoi", dict(feature="DISTANCE_TO_EDGE"), Vector=bent, Scale=0.28).outputs[0]
    colour = n.mix(0.8, colour, n.ramp(cracks, (0.0, 0.35), (0.012, 1.0)), "MULTIPLY")
    _wettable(n, n.mix(0.35, colour, fine, "OVERLAY"), 0.85, fine, (0.07, 0.07, 0.07))


def _road_paint(n: Nodes) -> None:
    worn = n.ramp(n.noise(n.coordinates(), 5.0, 6.0), (0.36, 0.12), (0.5, 1.0))
    _wettable(n, n.mix(1.0, n.object_colour(), worn, "MULTIPLY"), 0.7, None, n.object_colour())


def _tar(n: Nodes) -> None:
    _wettable(n, n.ramp(n.noise(n.coordinates(), 40.0, 2.0), (0.3, 0.03), (0.7, 0.06)), 0.8, None,
              (0.04, 0.04, 0.04))


def _slabs(n: Nodes) -> None:
    co = n.coordinates()
    slabs = n("TexBrick", dict(offset=0.5), Vector=co, Color1=(0.30, 0.29, 0.27),
              Color2=(0.36, 0.35, 0.33), Mortar=(0.12, 0.12, 0.11), Scale=1.0, Mortar_Size=0.012,
              Brick_Width=0.8, Row_Height=0.4).outputs[0]
    colour = n.mix(1.0, slabs, n.object_colour(), "MULTIPLY")
    stains = n.ramp(n.noise(co, 0.8, 6.0), (0.3, 0.55), (0.65, 1.0))
    _wettable(n, n.mix(0.6, colour, stains, "MULTIPLY"), 0.85, None, (0.28, 0.27, 0.26))


def _plaster(n: Nodes) -> None:
    streaks = n.noise(n.coordinates(scale=(1.0, 1.0, 0.15)), 0.9, 6.0)
    stains = n.ramp(streaks, (0.3, 0.55), (0.6, 1.0))
    n.output(n.surface(n.mix(0.55, n.object_colour(), stains, "MULTIPLY"), 0.9), n.object_colour())


def _brick(n: Nodes) -> None:
    bricks = n("TexBrick", Vector=n.coordinates(turn=(math.pi / 2, 0.0, 0.0)),
               Color1=(0.95, 0.95, 0.95), Color2=(0.6, 0.6, 0.6), Mortar=(1.3, 1.3, 1.2), Scale=1.0,
               Mortar_Size=0.012, Brick_Width=0.3, Row_Height=0.1).outputs[0]
    n.output(n.surface(n.mix(1.0, n.object_colour(), bricks, "MULTIPLY"), 0.9), n.object_colour())


def _tiles(n: Nodes) -> None:
    rows = n("TexBrick", Vector=n.coordinates(turn=(0.9, 0.0, 0.0)), Color1=(0.22, 0.09, 0.06),
             Color2=(0.14, 0.06, 0.045), Mortar=(0.05, 0.03, 0.025), Scale=1.0, Mortar_Size=0.02,
             Brick_Width=0.35, Row_Height=0.3).outputs[0]
    n.output(n.surface(rows, 0.85), (0.17, 0.075, 0.05))


def _window(n: Nodes) -> None:
    """House windows: every pane (mesh island) draws its own curtain and evening light."""
    island = n("NewGeometry").outputs["Random Per Island"]
    draw = n("TexWhiteNoise", dict(noise_dimensions="1D"), W=island).outputs[0]
    colour = n.ramp(draw, (0.0, (0.012, 0.015, 0.02)), (0.55, (0.02, 0.025, 0.03)),
                    (0.6, (0.25, 0.23, 0.2)), (0.8, (0.1, 0.1, 0.11)), (0.95, (0.4, 0.38, 0.33)))
    lit = n.ramp(island, (0.0, 0.0), (0.74, 0.0), (0.75, (1.0, 0.6, 0.25)), (1.0, (0.9, 0.75, 0.5)))
    glow = n.mix(1.0, lit, n.condition("night"), "MULTIPLY")
    n.output(n.surface(colour, 0.08, emission=glow, specular=0.6))


def _leaf(n: Nodes) -> None:
    island = n("NewGeometry").outputs["Random Per Island"]
    green = n.ramp(island, (0.0, (0.02, 0.05, 0.012)), (0.6, (0.06, 0.12, 0.025)),
                   (1.0, (0.12, 0.17, 0.04)))
    n.output(n.surface(n.mix(1.0, green, n.object_colour(), "MULTIPLY"), 0.7))


def _birch_bark(n: Nodes) -> None:
    marks = n.noise(n.coordinates(scale=(1.0, 1.0, 6.0)), 3.0, 3.0)
    n.output(n.surface(n.ramp(marks, (0.36, 0.04), (0.44, 0.55)), 0.8))


def car_paint(doors: tuple[float, ...]) -> Callable[[Nodes], None]:
    """Lacquer with grime near the sill and dark gaps at the doors' y positions."""

    def build(n: Nodes) -> None:
        x, y, z = n("SeparateXYZ", Vector=n.coordinates()).outputs
        colour = n.mix(n.ramp(z, (0.25, 0.8), (0.55, 0.0)), n.object_colour(), (0.09, 0.08, 0.07))
        gaps = None
        for door in doors:
            near = n.math("LESS_THAN", n.math("ABSOLUTE", n.math("SUBTRACT", y, door)), 0.016)
            gaps = near if gaps is None else n.math("MAXIMUM", gaps, near)
        side = n.math("GREATER_THAN", n.math("ABSOLUTE", x), 0.55)
        high = n.math("GREATER_THAN", z, 0.36)
        shut = n.math("MULTIPLY", n.math("MULTIPLY", gaps, side), high)
        colour = n.mix(n.math("MULTIPLY", shut, 0.85), colour, (0.004, 0.004, 0.004))
        n.output(n.surface(colour, 0.32, metal=0.15, coat=1.0))

    return build


def _car_glass(n: Nodes) -> None:
    """Tinted glass: part mirror, part a dim view through to the seats and the far windows."""
    clear = n("BsdfTransparent", Color=(0.22, 0.25, 0.26))
    dark = n.surface((0.006, 0.008, 0.009), 0.04, specular=0.9)
    share = n.math("MULTIPLY_ADD", n("LayerWeight", Blend=0.25).outputs["Facing"], 0.6, 0.35)
    n.output(n("MixShader", _0=share, _1=clear.outputs[0], _2=dark.outputs[0]))


def _plate(n: Nodes) -> None:
    """A number plate with invented dark glyphs, different on every vehicle."""
    cells = n("Mapping", Vector=n.coordinates(scale=(26.0, 0.0, 14.0))).outputs[0]
    seed = n.math("MULTIPLY", n("ObjectInfo").outputs["Random"], 97.0)
    cell = n("VectorMath", dict(operation="FLOOR"), _0=cells).outputs[0]
    glyph = n("TexWhiteNoise", dict(noise_dimensions="4D"), Vector=cell, W=seed).outputs[0]
    n.output(n.surface(n.ramp(glyph, (0.52, 0.78), (0.56, 0.06)), 0.4))


def _lamp_glow(base: tuple, light: tuple, by_object: bool):
    """A lamp that shines at night; on vehicles only where the object's alpha says lit."""

    def build(n: Nodes) -> None:
        strength = n.condition("night")
        if by_object:
            strength = n.math("MULTIPLY", strength, n("ObjectInfo").outputs["Alpha"])
        glow = n("VectorMath", dict(operation="SCALE"), _0=light, Scale=strength).outputs[0]
        n.output(n.surface(base, 0.15, emission=glow))

    return build


def _by_random(*stops: tuple):
    """Cloth, skin or hair whose colour is drawn per object."""

    def build(n: Nodes) -> None:
        draw = n("TexWhiteNoise", dict(noise_dimensions="1D"),
                 W=n.math("MULTIPLY", n("ObjectInfo").outputs["Random"], 13.7 * len(stops)))
        n.output(n.surface(n.ramp(draw.outputs[0], *stops), 0.9))

    return build


_BUILDERS: dict[str, Callable[[Nodes], None]] = {
    "asphalt": _asphalt, "road_paint": _road_paint, "tar": _tar, "slab": _slabs,
    "plaster": _plaster, "brick": _brick, "tiles": _tiles, "window": _window, "leaf": _leaf,
    "birch_bark": _birch_bark, "car_glass": _car_glass, "plate": _plate,
    "tinted": lambda n: n.output(n.surface(n.object_colour(), 0.6)),
    "cloth": lambda n: n.output(n.surface(n.object_colour(), 0.9)),
    "cargo_box": lambda n: n.output(
        n.surface(n.mix(0.75, n.object_colour(), (0.7, 0.7, 0.7)), 0.45)),
    "trousers": _by_random((0.0, (0.015, 0.02, 0.05)), (0.4, (0.02, 0.02, 0.02)),
                           (0.7, (0.12, 0.10, 0.07)), (1.0, (0.05, 0.06, 0.10))),
    "skin": _by_random((0.0, (0.10, 0.05, 0.03)), (0.35, (0.32, 0.18, 0.11)),
                       (1.0, (0.55, 0.36, 0.26))),
    "hair": _by_random((0.0, (0.01, 0.008, 0.006)), (0.6, (0.06, 0.035, 0.02)),
                       (1.0, (0.3, 0.22, 0.12))),
    "kerb": _plain((0.38, 0.37, 0.35)), "plastic": _plain((0.02, 0.02, 0.02), 0.5),
    "window_dark": _plain((0.01, 0.012, 0.014), 0.05, specular=0.8),
    "seat": _plain((0.035, 0.035, 0.04), 0.9), "tyre": _plain((0.012, 0.012, 0.012), 0.85),
    "rim": _plain((0.45, 0.45, 0.47), 0.3, metal=0.8),
    "chrome": _plain((0.7, 0.7, 0.7), 0.15, metal=1.0),
    "grass": lambda n: n.output(n.surface(n.ramp(n.noise(n.coordinates(), 0.6, 6.0), (
        0.3, (0.05, 0.08, 0.02)), (0.7, (0.12, 0.15, 0.05))), 0.95)),
    "bark": _plain((0.09, 0.065, 0.045)), "metal": _plain((0.18, 0.19, 0.19), 0.4, metal=0.6),
    "trim": _plain((0.6, 0.58, 0.54)), "roof": _plain((0.12, 0.09, 0.08)),
    "door": _plain((0.06, 0.035, 0.02), 0.5), "wood": _plain((0.16, 0.09, 0.04), 0.7),
    "street_lamp": _lamp_glow((0.8, 0.8, 0.75), (14.0, 10.0, 5.0), by_object=False),
    "headlamp": _lamp_glow((0.75, 0.78, 0.8), (12.0, 11.0, 9.0), by_object=True),
    "tail_lamp": _lamp_glow((0.35, 0.008, 0.008), (1.6, 0.03, 0.02), by_object=True),
}


def register(name: str, build: Callable[[Nodes], None]) -> str:
    """Register another material by name (the lacquer of each body shape)."""
    _BUILDERS.setdefault(name, build)
    return name


def material(name: str) -> bpy.types.Material:
    """Material of a given name, built on first use."""
    if name not in bpy.data.materials:
        made = bpy.data.materials.new(name)
        made.use_nodes = True
        made.use_fake_user = True
        # Glowing panes are seen, but do not light the street: thousands of lamps would cost more
        # than they show.
        made.cycles.emission_sampling = "NONE"
        _BUILDERS[name](Nodes(made.node_tree))
    return bpy.data.materials[name]


def set_conditions(night: float, wet: float) -> None:
    """Set the darkness (lit lamps and windows) and wetness (reflecting paving) of the scene."""
    for made in bpy.data.materials:
        for name, value in (("night", night), ("wet", wet)):
            if made.node_tree and name in made.node_tree.nodes:
                made.node_tree.nodes[name].outputs[0].default_value = value
