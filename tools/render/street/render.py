"""Cycles settings, the picture pass and the exact label pass.

The picture takes 6 samples and OpenImageDenoise. The label pass takes one sample through the
centre of each pixel with a single material that emits the object's index, so that every label is
one object's index, exactly; the suite proves it against ray casting.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import bpy
import numpy as np

from .materials import Nodes

SAMPLES = 6


class Renderer:
    """Cycles on the CPU, with `threads` threads."""

    def __init__(self, threads: int = 1, samples: int = SAMPLES, persistent: bool = True) -> None:
        bpy.ops.preferences.addon_enable(module="cycles")
        self.samples = samples
        scene = bpy.context.scene
        render, cycles = scene.render, scene.cycles
        render.engine, cycles.device = "CYCLES", "CPU"
        render.pixel_aspect_x = render.pixel_aspect_y = 1.0
        render.threads_mode, render.threads = "FIXED", threads
        render.use_persistent_data = persistent
        render.image_settings.file_format = "OPEN_EXR"
        render.image_settings.color_depth = "32"
        cycles.use_adaptive_sampling = False
        cycles.diffuse_bounces = cycles.glossy_bounces = 1
        cycles.transparent_max_bounces = 4
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.sample_clamp_indirect = 4
        cycles.denoiser, cycles.denoising_quality = "OPENIMAGEDENOISE", "BALANCED"
        cycles.denoising_prefilter = "FAST"
        cycles.use_auto_tile = False
        cycles.pixel_filter_type = "BLACKMAN_HARRIS"
        handle, self._path = tempfile.mkstemp(suffix=".exr", prefix="kerbside-")
        os.close(handle)
        self._label = _label_material()
        self._black = bpy.data.worlds.new("black")
        self._black.use_nodes = True
        Nodes(self._black.node_tree)

    def close(self) -> None:
        """Remove the scratch file."""
        Path(self._path).unlink(missing_ok=True)

    def picture(self, seed: int) -> np.ndarray:
        """Linear light (H, W, 3) of the present scene."""
        scene = bpy.context.scene
        cycles = scene.cycles
        cycles.samples, cycles.seed, cycles.filter_width = self.samples, seed, 1.5
        cycles.max_bounces = 2
        scene.view_layers[0].cycles.use_denoising = cycles.use_denoising = True
        scene.view_layers[0].material_override = None
        return self._render()

    def labels(self) -> np.ndarray:
        """Ids (H, W) uint8: the index of the object at the centre of each pixel, 0 for sky."""
        scene = bpy.context.scene
        cycles, layer = scene.cycles, scene.view_layers[0]
        cycles.samples, cycles.seed, cycles.filter_width, cycles.max_bounces = 1, 0, 0.01, 0
        layer.cycles.use_denoising = cycles.use_denoising = False
        sky, scene.world = scene.world, self._black
        layer.material_override = self._label
        try:
            values = self._render()[..., 0]
        finally:
            scene.world, layer.material_override = sky, None
        ids = np.rint(values)
        if np.abs(values - ids).max() > 1e-3 or ids.max() > 255:
            raise RuntimeError("the label pass mixed two objects in one pixel")
        return ids.astype(np.uint8)

    def _render(self) -> np.ndarray:
        bpy.context.scene.render.filepath = self._path
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(self._path)
        image.colorspace_settings.name = "Non-Color"
        width, height = image.size
        pixels = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
        return pixels.reshape(height, width, 4)[::-1, :, :3].copy()


def _label_material() -> bpy.types.Material:
    made = bpy.data.materials.new("label")
    made.use_nodes = True
    n = Nodes(made.node_tree)
    index = n("ObjectInfo").outputs["Object Index"]
    n.output(n("Emission", Color=index))
    return made
