"""Vectors, smooth steps and lattice noise on arrays of points, used by the whole pet generator.

It rests on NumPy alone. Points are arrays (..., 3) in decimetres. No lab introduces it.
"""

from __future__ import annotations

import math

import numpy as np

TINY = 1e-9


def vec(*components: float) -> np.ndarray:
    """Components or rows as a float array."""
    return np.array(components, float)


def unit(vector: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) scaled to length 1; a zero vector stays zero."""
    vector = np.asarray(vector, float)
    return vector / (np.linalg.norm(vector, axis=-1, keepdims=True) + TINY)


def lerp(start, end, t):
    """Linear interpolation: `start` at t = 0, `end` at t = 1."""
    return start + (end - start) * t


def smoothstep(x, low: float, high: float):
    """0 below `low`, 1 above `high`, a cubic in between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def rotation_x(angle: float) -> np.ndarray:
    """Rotation matrix about the x axis, radians."""
    c, s = math.cos(angle), math.sin(angle)
    return vec((1, 0, 0), (0, c, -s), (0, s, c))


def rotation_z(angle: float) -> np.ndarray:
    """Rotation matrix about the z axis, radians."""
    c, s = math.cos(angle), math.sin(angle)
    return vec((c, -s, 0), (s, c, 0), (0, 0, 1))


def turn(points: np.ndarray, angle: float, centre: np.ndarray) -> np.ndarray:
    """Points turned about the vertical line through `centre`."""
    return (points - centre) @ rotation_z(angle).T + centre


def direction(azimuth: float, elevation: float = 0.0) -> np.ndarray:
    """Unit vector from two angles in radians; azimuth 0 is +x, elevation 90 degrees is +z."""
    flat = math.cos(elevation)
    return vec(flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation))


def frame_from(forward: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """Rotation matrix with columns forward, left, up; upright apart from `roll` (radians)."""
    forward = unit(forward)
    left = unit(np.cross((0.0, 0.0, 1.0), forward))
    up = np.cross(forward, left)
    c, s = math.cos(roll), math.sin(roll)
    return np.stack([forward, left * c + up * s, up * c - left * s], axis=1)


def value_noise(points: np.ndarray, seed: int = 0) -> np.ndarray:
    """Smooth noise in [0, 1] at points (N, 3), one random value per lattice cell corner."""
    cell = np.floor(points).astype(np.int64)
    fraction = points - cell
    fraction = fraction * fraction * (3 - 2 * fraction)
    total = np.zeros(len(points))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, fraction, 1 - fraction), axis=1)
        total += weight * _lattice_value(cell + np.array(corner), seed)
    return total


def _lattice_value(cell: np.ndarray, seed: int) -> np.ndarray:
    """A hash of integer lattice points, as a fraction in [0, 1]."""
    mixed = cell @ np.array([374761393, 668265263, 1440662683]) + seed * 974634777
    mixed = (mixed ^ (mixed >> 13)) * 1274126177
    return ((mixed ^ (mixed >> 16)) & 0xFFFF) / 65535.0


def fractal_noise(points: np.ndarray, seed: int = 0, octaves: int = 3) -> np.ndarray:
    """Sum of octaves of `value_noise`, scaled to [0, 1]."""
    total = sum(value_noise(points * 2**k, seed + k) * 0.5**k for k in range(octaves))
    return total / (2 - 0.5 ** (octaves - 1))
