"""Sun, sky and lamps in Blender, for a `Light` that `mood` has drawn.

The sky is Blender's physical sky with a noise of clouds over it.
"""

from __future__ import annotations

import math

import bpy
from mathutils import Vector

from .furniture import LAMP_HEIGHT, LAMP_REACH
from .layout import Layout
from .materials import Nodes, set_conditions
from .mood import Light


def apply_light(light: Light, layout: Layout) -> list[bpy.types.Object]:
    """Set sky, conditions and lamps; returns the light objects of this scene."""
    set_conditions(light.night, light.wet)
    _sky(light)
    lights = []
    if light.mood in ("clear", "low_sun"):
        lights.append(_sun(light))
    if light.mood == "dusk":
        lights += [_spot(lamp) for lamp in sorted(layout.lamps, key=lambda lamp: lamp.y)[:4]]
    return lights


def _sky(light: Light) -> None:
    scene = bpy.context.scene
    world = bpy.data.worlds.get("sky") or bpy.data.worlds.new("sky")
    scene.world, world.use_nodes = world, True
    # The default importance map of the sky costs 3.5 CPU seconds a frame; 128 pixels are enough.
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 128
    n = Nodes(world.node_tree)
    direction = n("TexCoord").outputs["Generated"]
    moved = n("Mapping", Vector=direction, Scale=(1.0, 1.0, 3.0),
              Location=(light.cloud_seed, 0.0, 0.0)).outputs[0]
    if light.mood in ("overcast", "rain"):
        height = n("SeparateXYZ", Vector=direction).outputs[2]
        plain = n.ramp(height, (0.45, (.55, .57, .60)), (0.6, (.80, .83, .87)), (1.0, 1.0))
        clouds = n.ramp(n.noise(moved, 3.0, 5.0), (0.3, 0.6), (0.7, 1.0))
        seen = n.mix(0.5, plain, clouds, "MULTIPLY")
    else:
        plain = n("TexSky", dict(
            sky_type="MULTIPLE_SCATTERING", sun_disc=False,
            sun_elevation=math.radians(max(light.elevation, 0.5)),
            sun_rotation=math.radians(light.azimuth), aerosol_density=light.haze,
        )).outputs[0]
        cover = n.ramp(n.noise(moved, 2.0, 6.0), (0.5, 0.0), (0.72, 0.8))
        white = (8.0, 8.0, 8.0) if light.mood != "dusk" else (0.5, 0.45, 0.5)
        seen = n.mix(cover, plain, n.mix(0.6, plain, white))
    strength = {"clear": 0.13, "low_sun": 0.17, "overcast": 0.9, "rain": 0.62, "dusk": 0.5}
    # Clouds are computed for what the camera sees; light that falls on things takes the plain
    # sky. Evaluating the noise at every light sample would triple the cost of a picture.
    behind, lighting = (
        n("Background", Color=colour, Strength=strength[light.mood]) for colour in (seen, plain)
    )
    direct = n("LightPath").outputs["Is Camera Ray"]
    chosen = n("MixShader", _0=direct, _1=lighting.outputs[0], _2=behind.outputs[0])
    n.tree.links.new(chosen.outputs[0], n("OutputWorld").inputs[0])


def _add(name: str, lamp: bpy.types.Light) -> bpy.types.Object:
    thing = bpy.data.objects.new(name, lamp)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _sun(light: Light) -> bpy.types.Object:
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy = 4.5 if light.mood == "clear" else 3.5
    lamp.angle = 0.01
    warm = min(1.0, light.elevation / 40)
    lamp.color = (1.0, 0.72 + 0.24 * warm, 0.45 + 0.45 * warm)
    azimuth, elevation = math.radians(light.azimuth), math.radians(light.elevation)
    towards_sun = Vector((
        math.sin(azimuth) * math.cos(elevation), math.cos(azimuth) * math.cos(elevation),
        math.sin(elevation),
    ))
    thing = _add("sun", lamp)
    thing.rotation_euler = towards_sun.to_track_quat("Z", "Y").to_euler()
    return thing


def _spot(lamp_post) -> bpy.types.Object:
    lamp = bpy.data.lights.new("spot", "SPOT")
    lamp.energy, lamp.spot_size, lamp.spot_blend = 900, 2.4, 0.6
    lamp.color, lamp.shadow_soft_size = (1.0, 0.75, 0.45), 0.15
    thing = _add("spot", lamp)
    left = abs(lamp_post.yaw) < 1
    side = 1 if left else -1
    thing.location = (lamp_post.x + side * LAMP_REACH, lamp_post.y, LAMP_HEIGHT - 0.1)
    return thing
