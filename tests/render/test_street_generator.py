"""The Kerbside generator with Blender: `pytest -m render tests/render` in its environment."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from tools.render.street import FIRST_INSTANCE_ID
from tools.render.street.frames import is_finished, load_frame
from tools.render.street.plan import ClipJob, StillJob

pytestmark = [
    pytest.mark.render,
    pytest.mark.skipif(
        importlib.util.find_spec("bpy") is None,
        reason="Blender's bpy is not installed (pip install -r requirements/render.txt)",
    ),
]

CAMERA, SCENE = 1003, 0


@pytest.fixture(scope="module")
def studio():
    from tools.render.street.studio import Studio

    made = Studio(threads=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def frame(studio):
    return studio.still(CAMERA, SCENE)


def assert_nearly_the_same_picture(found: np.ndarray, expected: np.ndarray) -> None:
    """Pictures are not promised bit by bit: Cycles' noise depends on what it rendered before.

    The mean difference stays below that of two shots of a camera; one thing out of place, or
    another light, would give ten times as much.
    """
    assert np.abs(found.astype(int) - expected).mean() < 2.0


def cast_rays(studio) -> np.ndarray:
    """Ids (H, W) by Blender's ray casting through the pixel centres: another path to the truth."""
    import bpy
    from mathutils import Vector

    origin, directions = studio.scene.layout.camera.rays()
    graph, scene = bpy.context.evaluated_depsgraph_get(), bpy.context.scene
    start = Vector(origin)
    ids = np.zeros(directions.shape[:2], np.uint8)
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            direction = Vector(directions[row, column]).normalized()
            hit, _, _, _, thing, _ = scene.ray_cast(graph, start, direction)
            if hit:
                ids[row, column] = thing.pass_index
    return ids


def test_the_label_pass_agrees_with_ray_casting(studio, frame):
    """Every pixel, but for rays that meet the very edge shared by two things of the street."""
    ids = cast_rays(studio)
    different = ids != frame.ids
    assert different.sum() <= 2
    instances = (ids >= FIRST_INSTANCE_ID) | (frame.ids >= FIRST_INSTANCE_ID)
    assert not (different & instances).any()
    assert len(np.unique(frame.ids)) > 8


def test_amodal_masks_agree_with_ray_casting_the_thing_alone(studio, frame):
    """For the vehicle that is hidden most while still partly seen, with all else taken away."""
    import bpy

    vehicles = [e for e in frame.facts["instances"] if e["class"] != "person"]
    entry = max((e for e in vehicles if e["visible_pixels"]), key=lambda e: e["occlusion"])
    position = frame.facts["instances"].index(entry)
    assert entry["occlusion"] > 0.02
    others = [t for t in bpy.data.objects if t is not studio.scene.instances[entry["id"]]]
    for thing in others:
        thing.hide_viewport = True
    alone = cast_rays(studio) == entry["id"]
    for thing in others:
        thing.hide_viewport = False
    bpy.context.view_layer.update()
    assert (alone ^ frame.amodal[position]).sum() <= 2


def test_visible_masks_lie_inside_amodal_masks(frame):
    for position, entry in enumerate(frame.facts["instances"]):
        visible = frame.ids == entry["id"]
        assert not (visible & ~frame.amodal[position]).any()
        assert visible.sum() == entry["visible_pixels"]


def test_blender_and_the_camera_matrix_project_alike(studio, frame):
    import bpy
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    camera = studio.scene.layout.camera
    points = np.array(((0.0, 12.0, 0.0), (2.5, 20.0, 1.5), (-3.0, 35.0, 0.1)))
    for point, expected in zip(points, camera.project(points), strict=True):
        seen = world_to_camera_view(bpy.context.scene, bpy.context.scene.camera, Vector(point))
        found = (seen.x * camera.width, (1 - seen.y) * camera.height, seen.z)
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_wheels_touch_the_ground(studio, frame):
    """The lowest point of each vehicle's mesh lies within 3 cm of the surface under its tyres."""
    layout = studio.scene.layout
    from tools.render.street.placement import place_scene

    vehicles, _ = place_scene(layout, SCENE, FIRST_INSTANCE_ID)
    for state in vehicles:
        thing = studio.scene.instances[state.id]
        corners = np.array([thing.matrix_world @ v.co for v in thing.data.vertices])
        heights = [layout.ground_height(x, y) for x, y in state.contact()]
        assert min(heights) - 0.03 < corners[:, 2].min() < max(heights) + 0.03


def test_same_seed_same_geometry_and_labels(studio, frame):
    """Also after another scene and another street in between."""
    other = studio.still(CAMERA, SCENE + 1)
    assert np.abs(other.image.astype(int) - frame.image).mean() > 6  # the bound below can fail
    studio.still(CAMERA + 1, SCENE)
    again = studio.still(CAMERA, SCENE)
    np.testing.assert_array_equal(again.ids, frame.ids)
    np.testing.assert_array_equal(again.amodal, frame.amodal)
    assert again.facts == frame.facts
    assert_nearly_the_same_picture(again.image, frame.image)


def test_a_clip_is_finished_from_where_it_was_killed(studio, tmp_path):
    job = ClipJob("train", CAMERA, 100, frames=3)
    studio.clip(job, tmp_path)
    whole = [load_frame(job.path(tmp_path, k)) for k in range(3)]
    job.path(tmp_path, 1).unlink()
    job.path(tmp_path, 2).write_bytes(job.path(tmp_path, 2).read_bytes()[:1000])
    untouched = job.path(tmp_path, 0).stat().st_mtime_ns
    assert not is_finished(job.path(tmp_path, 2))
    studio.clip(job, tmp_path)
    assert job.path(tmp_path, 0).stat().st_mtime_ns == untouched
    for k, before in enumerate(whole):
        after = load_frame(job.path(tmp_path, k))
        np.testing.assert_array_equal(after.ids, before.ids)
        assert after.facts == before.facts
        assert_nearly_the_same_picture(after.image, before.image)


def test_a_still_is_saved_under_its_own_name(studio, tmp_path):
    job = StillJob("train", CAMERA, SCENE)
    studio.save_still(job, tmp_path)
    assert load_frame(job.path(tmp_path)).facts["camera"] == CAMERA
    assert [p.name for p in tmp_path.rglob("*.npz")] == [f"{job.name}.npz"]


def test_one_scene_from_the_shell(root, tmp_path):
    command = [sys.executable, "-m", "tools.render.street", "--seed", "30", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path)
    names = {p.name for p in tmp_path.iterdir()}
    assert names >= {"picture.png", "labels.png", "overlay.png", "camera.json", "facts.json"}
