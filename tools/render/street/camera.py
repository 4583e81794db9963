"""The pinhole camera of a Kerbside street: projection, camera matrix and ground homography.

World coordinates are metres: x to the right across the street, y along it, z up. Image coordinates
are continuous pixels with (0, 0) at the top-left corner of the top-left pixel, so the centre of
that pixel is (0.5, 0.5). There is no lens distortion: a straight kerb stays straight and the
homography is exact. Rests on NumPy alone; `scene` gives Blender the same pose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .geometry import clip_convex, clip_half_plane, rectangle

NEAR = 0.3  # metres; polygons are cut at this depth before projection


@dataclass(frozen=True)
class Camera:
    """A fixed camera: its position, target and horizontal field of view."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    roll: float  # radians about the viewing axis
    field_of_view: float  # horizontal, radians
    width: int
    height: int

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / math.tan(self.field_of_view / 2)

    def rotation(self) -> np.ndarray:
        """World to camera, (3, 3); camera axes are right, down, forward (as in OpenCV)."""
        forward = np.subtract(self.target, self.position)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        c, s = math.cos(self.roll), math.sin(self.roll)
        return np.array((c * right + s * down, c * down - s * right, forward))

    def matrix(self) -> np.ndarray:
        """The 3x4 matrix P with (u w, v w, w) = P (x, y, z, 1); w is depth in metres."""
        intrinsic = np.array(
            ((self.focal, 0, self.width / 2), (0, self.focal, self.height / 2), (0, 0, 1))
        )
        r = self.rotation()
        return intrinsic @ np.column_stack((r, -r @ np.array(self.position)))

    def homography(self, ground_height: float = 0.0) -> np.ndarray:
        """The 3x3 matrix from ground points (x, y, 1) at the given height to image points."""
        p = self.matrix()
        return np.column_stack((p[:, 0], p[:, 1], p[:, 2] * ground_height + p[:, 3]))

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (N, 3) to (N, 3): u, v in pixels and depth in metres."""
        points = np.asarray(points, float).reshape(-1, 3)
        image = np.column_stack((points, np.ones(len(points)))) @ self.matrix().T
        return np.column_stack((image[:, :2] / image[:, 2:], image[:, 2]))

    def project_polygon(self, polygon: np.ndarray, clip_to_frame: bool = True) -> np.ndarray:
        """A world polygon (N, 3) as the camera sees it, (M, 2); empty when out of sight.

        The polygon is cut at the near plane first, since points behind the camera have no image.
        """
        p = self.matrix()[2]
        front = clip_half_plane(polygon, p[:3], NEAR - p[3])
        if len(front) < 3:
            return np.empty((0, 2))
        image = self.project(front)[:, :2]
        if clip_to_frame:
            image = clip_convex(image, rectangle(0, self.width, 0, self.height))
        return image

    def rays(self) -> tuple[np.ndarray, np.ndarray]:
        """Origin (3,) and directions (H, W, 3), not normalised, through all pixel centres."""
        u, v = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        local = np.stack(
            (
                (u - self.width / 2) / self.focal,
                (v - self.height / 2) / self.focal,
                np.ones_like(u),
            ),
            axis=-1,
        )
        return np.array(self.position), local @ self.rotation()
