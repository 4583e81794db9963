"""One picture from one seed: build the scene, check it, render it and write its files.

It rests on all other modules of the generator. Labels are rendered first: if the rejection rule
applies, the costly light pass is skipped. No lab introduces it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers import files
from tools.render.pets import contract, render
from tools.render.pets.blender import Vector, bpy, clear_scene
from tools.render.pets.camera import View, choose_angles, place_camera
from tools.render.pets.contract import Frame
from tools.render.pets.pet import Pet, build_pet, choose_pose
from tools.render.pets.picture_files import jpeg, png
from tools.render.pets.place import Place
from tools.render.pets.scene import build_surroundings
from tools.render.pets.sensor import develop
from tools.render.pets.trimap import class_shares, trimap_from

HEAD_SHOT_SHARE = 0.36
SIGHT_MARGIN = 0.2
"""Head sizes: what lies nearer to a face point than this is the face itself."""


@dataclass(frozen=True)
class Picture:
    """A picture and its ground truth; `image` is None if the rule rejected it.

    Attributes:
        frame: facts.
        image: (H, W, 3) uint8 RGB.
        trimap: (H, W) uint8: 1 pet, 2 background, 3 border.
    """

    frame: Frame
    image: np.ndarray | None
    trimap: np.ndarray


def make_picture(seed: int, *, even_if_rejected: bool = False) -> Picture:
    """Build and render the picture of a seed. Call `render.set_up` once before."""
    rnd, rng = random.Random(seed), np.random.default_rng(seed)
    clear_scene()
    shot = "head" if rnd.random() < HEAD_SHOT_SHARE else "body"
    pose = choose_pose(contract.species_of(seed), rnd)
    azimuth, elevation, side = choose_angles(pose, shot, rnd)
    pet = build_pet(seed, side, azimuth, elevation, pose, rnd, rng)
    # The camera comes before the surroundings: they keep clear of it.
    view = place_camera(pet, azimuth, elevation, shot, rnd)
    place = Place(seed, pet, azimuth, view.position, rnd, rng)
    surroundings = build_surroundings(place, elevation)
    coverage = render.render_coverage(view.height, view.width, pet.unlabelled)
    trimap = trimap_from(coverage)
    frame = _facts(seed, pet, view, surroundings, shot, trimap)
    image = None
    if even_if_rejected or frame.rejected is None:
        light = render.render_light(seed, view.height, view.width)
        image = develop(light, coverage, rnd, rng)
    return Picture(frame, image, trimap)


def save_picture(folder: Path, picture: Picture) -> None:
    """Write the files of a finished picture, each atomically, the facts last."""
    image_path, trimap_path, _ = contract.frame_paths(folder, picture.frame.seed)
    if picture.image is not None:
        files.write_bytes(image_path, jpeg(picture.image))
        files.write_bytes(trimap_path, png(picture.trimap))
    contract.write_frame(folder, picture.frame)


def _facts(seed: int, pet: Pet, view: View, surroundings: str, shot: str, trimap) -> Frame:
    shares = class_shares(trimap)
    box, in_frame = head_box(pet, view)
    visible = face_visible(pet, view)
    return Frame(
        seed=seed,
        generator_version=contract.GENERATOR_VERSION,
        species=pet.species,
        breed=pet.breed,
        coat=pet.coat,
        pose=pet.pose,
        asleep=pet.asleep,
        surroundings=surroundings,
        shot=shot,
        height=view.height,
        width=view.width,
        pet_share=shares[0],
        background_share=shares[1],
        border_share=shares[2],
        head_bbox=box,
        head_in_frame=in_frame,
        face_visible=visible,
        rejected=contract.rejection(shares[0], in_frame, visible),
    )


def head_box(pet: Pet, view: View) -> tuple[tuple[float, float, float, float], float]:
    """Box of the projected head (ymin, xmin, ymax, xmax), normalised and clipped to the picture,
    and the share of its area that lies inside the picture."""
    points = view.project(pet.head_vertices)
    low, high = points.min(axis=0), points.max(axis=0)
    clipped_low, clipped_high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    inside = float(np.prod(clipped_high - clipped_low) / np.prod(high - low))
    return (*clipped_low.tolist(), *clipped_high.tolist()), inside


def face_visible(pet: Pet, view: View) -> float:
    """Share of eyes, nose and brow visible in the picture, by ray casting.

    A point is occluded if a ray from the camera hits something clearly nearer: clutter, or the
    pet's own head if it faces away. Rays do not hit hair.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    scene = bpy.context.scene
    projected = view.project(pet.face_points)
    seen = 0
    for point, (y, x) in zip(pet.face_points, projected, strict=True):
        ray = point - view.position
        reach = float(np.linalg.norm(ray)) - SIGHT_MARGIN * pet.head_size
        hit = scene.ray_cast(graph, Vector(view.position), Vector(ray), distance=reach)[0]
        seen += (0 <= y <= 1) and (0 <= x <= 1) and not hit
    return seen / len(pet.face_points)
