"""Rendering of the current scene with Cycles: a light pass and a label pass.

It rests on `blender`. No lab introduces it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tools.render.pets.blender import bpy, material, new_world

LIGHT_SAMPLES = 8
"""Per pixel; OpenImageDenoise removes the noise that is left."""
LABEL_SAMPLES = 8


def set_up(threads: int) -> None:
    """Apply the scene settings common to all pictures."""
    bpy.ops.preferences.addon_enable(module="cycles")
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.view_settings.view_transform = "Raw"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.use_adaptive_sampling = False
    cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transparent_max_bounces = 2, 1, 2
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.use_auto_tile = False
    scene.cycles_curves.shape, scene.cycles_curves.subdivisions = "RIBBONS", 2


def render_light(seed: int, height: int, width: int) -> np.ndarray:
    """Linear light of the scene, (H, W, 3) float32."""
    scene = bpy.context.scene
    scene.cycles.seed, scene.cycles.max_bounces = seed, 3
    return _render(height, width, LIGHT_SAMPLES, denoise=True, pixel_filter="BLACKMAN_HARRIS")


def render_coverage(height: int, width: int, left_out: Iterable) -> np.ndarray:
    """Share of every pixel that shows an object of index 1, (H, W) float32 from 0 to 1.

    Every material is replaced by one that emits the object's index, no light bounces, and the lens
    does not blur: the mean over a pixel is then its coverage. The scene is restored afterwards.

    Args:
        height: pixels.
        width: pixels.
        left_out: objects to hide in this pass.
    """
    scene, layer = bpy.context.scene, bpy.context.scene.view_layers[0]
    camera, world = scene.camera.data, scene.world
    left_out = list(left_out)
    layer.material_override = material("label", _emit_index)
    black = new_world("black")
    background = black("Background", Color=(0.0, 0.0, 0.0)).outputs[0]
    black.tree.links.new(background, black("OutputWorld").inputs[0])
    had_blur, camera.dof.use_dof = camera.dof.use_dof, False
    scene.cycles.seed, scene.cycles.max_bounces = 0, 0
    for thing in left_out:
        thing.hide_render = True
    try:
        return _render(height, width, LABEL_SAMPLES, denoise=False, pixel_filter="BOX")[..., 0]
    finally:
        for thing in left_out:
            thing.hide_render = False
        layer.material_override = None
        camera.dof.use_dof = had_blur
        scene.world = world


def _emit_index(shader) -> None:
    index = shader("ObjectInfo").outputs["Object Index"]
    emission = shader("Emission", Color=index).outputs[0]
    shader.tree.links.new(emission, shader("OutputMaterial").inputs[0])


def _render(height: int, width: int, samples: int, *, denoise: bool, pixel_filter: str):
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.cycles.samples = samples
    scene.view_layers[0].cycles.use_denoising = denoise
    scene.cycles.pixel_filter_type = pixel_filter
    scene.cycles.filter_width = 1.4
    with tempfile.TemporaryDirectory() as folder:
        # Blender wants an absolute path: a relative one is looked up beside the blend file.
        path = Path(folder).resolve() / "light.exr"
        scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        return _read_exr(path)


def _read_exr(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1, :, :3]
