"""Camera in front of the pet, as held by a person, and projection of points into its picture.

It rests on `blender` and `geometry`. No lab introduces it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from tools.render.pets.blender import Matrix, add_object, bpy
from tools.render.pets.contract import LONGER_SIDE
from tools.render.pets.geometry import direction, frame_from, unit
from tools.render.pets.pet import Pet

ASPECTS = ((4, 3), (4, 3), (3, 4), (3, 2), (2, 3), (1, 1), (5, 4), (4, 5), (16, 9))
SENSOR = 36.0
"""Longer side of the sensor, millimetres (Blender's own default)."""
LOWEST = 0.45
"""Decimetres above the floor below which no camera goes."""


@dataclass(frozen=True)
class View:
    """A pinhole camera.

    Attributes:
        position: (3,) decimetres.
        axes: (3, 3), columns right, up and backward, as Blender has them.
        half_angle: half the angle of view along the longer side, radians.
        height, width: pixels.
    """

    position: np.ndarray
    axes: np.ndarray
    half_angle: float
    height: int
    width: int

    def project(self, points: np.ndarray) -> np.ndarray:
        """Normalised (y, x) of points (N, 3): 0 is the top or left edge, 1 the bottom or right."""
        local = (points - self.position) @ self.axes
        scale = 2 * math.tan(self.half_angle) / max(self.height, self.width)
        across = local[:, 0] / (-local[:, 2] * scale * self.width)
        down = -local[:, 1] / (-local[:, 2] * scale * self.height)
        return np.stack([down, across], axis=1) + 0.5


def choose_angles(pose: str, shot: str, rnd: random.Random) -> tuple[float, float, int]:
    """Azimuth and elevation of the camera (radians), and the belly side of a lying pet.

    Most pictures are taken from the front, a little from above. A pet on its side is seen from
    its belly: from the front its legs would point at the camera.
    """
    azimuth = math.remainder(rnd.gauss(0, 0.72 if shot == "body" else 0.5), 2 * math.pi)
    elevation = math.radians(float(np.clip(rnd.gauss(16, 13), -2, 60)))
    side = rnd.choice([-1, 1])
    if pose == "side":
        azimuth = side * rnd.uniform(0.55, 1.35)
        elevation = math.radians(rnd.uniform(24, 60))
    return azimuth, elevation, side


def place_camera(pet: Pet, azimuth: float, elevation: float, shot: str, rnd: random.Random) -> View:
    """Frame the pet ("body") or its head and shoulders ("head"); add the camera to the scene."""
    roll = rnd.gauss(0, 0.05)
    looking = direction(azimuth, elevation)
    _, right, up = _picture_axes(looking, roll)
    points = pet.vertices
    if shot == "head":
        reach = pet.head_size * rnd.uniform(2.0, 3.4)
        points = points[np.linalg.norm(points - pet.head, axis=1) < reach]
    extent = np.stack([points @ right, points @ up, points @ looking], axis=1)
    low, high = extent.min(axis=0), extent.max(axis=0)
    wide, tall = high[:2] - low[:2]
    width, height = _picture_size(wide / tall, rnd)
    focal = rnd.uniform(32, 85)
    half_angle = math.atan(SENSOR / 2 / focal)
    scale = 2 * math.tan(half_angle) / max(width, height)
    mean_share = 0.66 if shot == "body" else 0.58
    share = float(np.clip(rnd.gauss(mean_share, 0.19), 0.24, 1.0))
    centre = (low + high) / 2
    distance = (
        max(
            math.sqrt(wide * tall / (share * width * height)) / scale,
            wide / (width * scale) / 1.15,
            tall / (height * scale) / 1.12,
        )
        + (high[2] - centre[2]) * 0.5
    )
    # Aim a little beside the middle, by a share of the free room.
    free_x, free_y = abs(width * distance * scale - wide), height * distance * scale - tall
    aim_x = centre[0] + rnd.gauss(0, 0.20) * free_x
    # Where the pet is taller than the picture, its head is worth more than its feet.
    aim_y = centre[1] + rnd.gauss(0, 0.16) * abs(free_y) + 0.35 * max(0.0, -free_y)
    target = right * aim_x + up * aim_y + looking * centre[2]
    position = target + looking * distance
    position[2] = max(position[2], pet.floor + LOWEST)
    backward, right, up = _picture_axes(position - target, roll)
    view = View(position, np.stack([right, up, backward], axis=1), half_angle, height, width)
    _add_camera(view, pet, focal, distance, rnd)
    return view


def _picture_axes(towards_camera, roll: float):
    """Unit vectors backward, right and up of a camera that looks along -`towards_camera`."""
    frame = frame_from(unit(towards_camera), roll)
    return frame[:, 0], frame[:, 1], frame[:, 2]


def _picture_size(shape: float, rnd: random.Random) -> tuple[int, int]:
    """Width and height, even, of an aspect ratio near the pet's own."""
    wish = math.log(shape) * 0.55 + rnd.gauss(0, 0.28)
    across, down = min(ASPECTS, key=lambda aspect: abs(math.log(aspect[0] / aspect[1]) - wish))
    longer = max(across, down)
    width, height = round(LONGER_SIDE * across / longer), round(LONGER_SIDE * down / longer)
    return width - width % 2, height - height % 2


def _add_camera(view: View, pet: Pet, focal: float, distance: float, rnd: random.Random) -> None:
    data = bpy.data.cameras.new("camera")
    camera = add_object("camera", data)
    bpy.context.scene.camera = camera
    data.lens, data.sensor_width, data.sensor_fit = focal, SENSOR, "AUTO"
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = view.axes, view.position
    camera.matrix_world = Matrix(matrix.tolist())
    data.clip_start = 0.05
    data.dof.use_dof = True
    data.dof.focus_distance = float((view.position - pet.head) @ view.axes[:, 2])
    # Diameter of the blur of a far point, as a share of the picture's longer side.
    blur = rnd.choice([0.002, 0.004, 0.008, 0.015, 0.035])
    data.dof.aperture_fstop = focal * 1e-3 / (blur * distance * SENSOR / focal)
