"""The pet generator itself, with Blender: `pytest -m render tests/render` in its environment."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tools.render.pets import contract
from tools.render.toy_pets import open_image

pytestmark = [
    pytest.mark.render,
    pytest.mark.skipif(
        importlib.util.find_spec("bpy") is None,
        reason="Blender's bpy is not installed (pip install -r requirements/render.txt)",
    ),
]

SEEDS = (10_000, 10_019)


@pytest.fixture(scope="module")
def renderer():
    from tools.render.pets import picture, render

    render.set_up(threads=2)
    return picture


@pytest.fixture(scope="module")
def pictures(renderer):
    return {seed: renderer.make_picture(seed, even_if_rejected=True) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_same_seed_same_picture(renderer, pictures, seed):
    """Also after another picture was made in between: nothing is left over in the scene."""
    first, again = pictures[seed], renderer.make_picture(seed, even_if_rejected=True)
    assert first.frame == again.frame
    np.testing.assert_array_equal(first.trimap, again.trimap)
    np.testing.assert_array_equal(first.image, again.image)


def test_same_seed_same_geometry(renderer):
    import random

    from tools.render.pets.blender import clear_scene
    from tools.render.pets.pet import build_pet

    made = []
    for _ in range(2):
        clear_scene()
        made.append(build_pet(8, 1, 0.2, 0.3, "sit", random.Random(8), np.random.default_rng(8)))
    np.testing.assert_array_equal(made[0].vertices, made[1].vertices)
    np.testing.assert_array_equal(made[0].head_vertices, made[1].head_vertices)


def test_another_seed_is_another_picture(pictures):
    first, second = (pictures[seed] for seed in SEEDS)
    assert first.image.shape != second.image.shape or (first.image != second.image).mean() > 0.5


def test_facts_agree_with_the_picture(pictures):
    for seed, made in pictures.items():
        frame = made.frame
        assert made.image.shape == (*made.trimap.shape, 3) == (frame.height, frame.width, 3)
        assert frame.seed == seed and frame.breed == contract.breed_of(seed)
        shares = [(made.trimap == value).mean() for value in (1, 2, 3)]
        found = [frame.pet_share, frame.background_share, frame.border_share]
        np.testing.assert_allclose(found, shares)


def test_projection_agrees_with_blender(renderer):
    """`View.project` against Blender's own camera, for points in front of it."""
    import bpy
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    from tools.render.pets.camera import View

    made = {}
    original = renderer.head_box

    def spy(pet, view: View):
        made["pet"], made["view"] = pet, view
        return original(pet, view)

    renderer.head_box = spy
    try:
        renderer.make_picture(SEEDS[0])
    finally:
        renderer.head_box = original
    scene, view = bpy.context.scene, made["view"]
    scene.render.resolution_x, scene.render.resolution_y = view.width, view.height
    points = made["pet"].head_vertices[::200]
    ours = view.project(points)
    for (y, x), point in zip(ours, points, strict=True):
        theirs = world_to_camera_view(scene, scene.camera, Vector(point))
        assert x == pytest.approx(theirs.x, abs=1e-4)
        assert y == pytest.approx(1 - theirs.y, abs=1e-4)


def test_labels_agree_with_ray_casting(renderer, monkeypatch):
    """Rays meet the skin but not the hair: what they call pet must be pet or border."""
    import bpy
    from mathutils import Vector

    seen = {}

    def spy(pet, view):
        graph = bpy.context.evaluated_depsgraph_get()
        hits = np.zeros((view.height, view.width), bool)
        scale = 2 * np.tan(view.half_angle) / max(view.height, view.width)
        for row in range(0, view.height, 3):
            for column in range(0, view.width, 3):
                x = (column + 0.5 - view.width / 2) * scale
                y = (view.height / 2 - row - 0.5) * scale
                ray = view.axes @ np.array([x, y, -1.0])
                found, *_, thing, _ = bpy.context.scene.ray_cast(
                    graph, Vector(view.position), Vector(ray)
                )
                hits[row, column] = found and thing.pass_index == 1
        seen["hits"] = hits
        return 1.0

    monkeypatch.setattr(renderer, "face_visible", spy)
    made = renderer.make_picture(SEEDS[0])
    hits = seen["hits"]
    assert hits.sum() > 100
    assert (made.trimap[hits] != contract.BACKGROUND).mean() > 0.995
    sampled = np.zeros_like(hits)
    sampled[::3, ::3] = True
    inner = sampled & (made.trimap == contract.PET)
    assert hits[inner].mean() > 0.97


def test_labels_barely_depend_on_samples(renderer, pictures, monkeypatch):
    from tools.render.pets import render

    monkeypatch.setattr(render, "LABEL_SAMPLES", 64)
    finer = renderer.make_picture(SEEDS[0])
    assert (finer.trimap != pictures[SEEDS[0]].trimap).mean() < 0.01


def test_the_label_pass_leaves_the_scene_as_it_was(renderer):
    import bpy

    renderer.make_picture(SEEDS[0], even_if_rejected=True)
    scene = bpy.context.scene
    assert scene.view_layers[0].material_override is None
    assert scene.camera.data.dof.use_dof
    assert not any(thing.hide_render for thing in scene.objects)


def test_command_line_renders_one_picture(root, tmp_path):
    out = tmp_path / "pet"
    command = [sys.executable, "-m", "tools.render.pets", "--seed", "30", "--out", str(out)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    facts = json.loads((out / "facts.json").read_text())
    assert json.loads(done.stdout.splitlines()[-1]) == facts
    image = open_image((out / "image.jpg").read_bytes())
    assert image.shape == (facts["height"], facts["width"], 3)
    for name in ("trimap.png", "overlay.png"):
        assert open_image((out / name).read_bytes()).shape[:2] == image.shape[:2]


RENDER_TWO = """
import dataclasses, sys
from pathlib import Path
from tools.render.pets import batch, contract
batch.SPLITS = {"test": dataclasses.replace(contract.SPLITS["test"], pictures=2, candidates=40)}
batch.SPARE = 0
if __name__ == "__main__":
    batch.render_all(Path(sys.argv[1]), workers=1)
"""


def test_rendering_all_goes_on_where_it_was_stopped(root, tmp_path):
    """A finished frame is kept untouched, a half-written one is made again."""
    # In a process of its own: this one imported bpy, which one that starts workers must not do.
    script, frames = tmp_path / "render_two.py", tmp_path / "frames"
    script.write_text(RENDER_TWO)
    frames.mkdir()
    first = contract.SPLITS["test"].first_seed
    image, trimap, _ = contract.frame_paths(frames, first)
    image.write_bytes(b"half a picture")
    (frames / ".stray.json.1.tmp").write_text("half")

    def render_two() -> dict:
        environment = os.environ | {"PYTHONPATH": str(root)}
        subprocess.run([sys.executable, str(script), str(frames)], env=environment, check=True)
        return {path.name: path.stat().st_mtime_ns for path in frames.iterdir()}

    before = render_two()
    facts = [contract.read_frame(frames, seed) for seed in contract.SPLITS["test"].seeds]
    accepted = [frame for frame in facts if frame and not frame.rejected]
    assert sorted(frame.species for frame in accepted) == ["Cat", "Dog"]
    for frame in accepted:
        paths = contract.frame_paths(frames, frame.seed)
        assert open_image(paths[0].read_bytes()).shape[:2] == (frame.height, frame.width)
    assert not any(name.endswith(".tmp") for name in before)
    assert contract.read_frame(frames, first) is not None
    assert trimap.exists() or contract.read_frame(frames, first).rejected
    assert render_two() == before
