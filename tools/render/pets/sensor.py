"""A consumer camera behind the lens: exposure, white balance, vignette, noise, tone curve.

The renderer outputs linear light; without this step pictures look artificial. It rests on NumPy. No
lab introduces it.
"""

from __future__ import annotations

import math
import random

import numpy as np

MIDDLE_GREY = 0.15
GREY_WORLD = (0.0, 0.30)
"""Range of the exponent of automatic white balance: above 0.35 grey pets turn purple on grass."""


def develop(
    light: np.ndarray, coverage: np.ndarray, rnd: random.Random, rng: np.random.Generator
) -> np.ndarray:
    """Turn linear light into a picture.

    Args:
        light: (H, W, 3) float, linear RGB, scene-referred.
        coverage: (H, W) share of the pet per pixel: the camera also meters on its subject.
        rnd: source of all choices.
        rng: source of noise.

    Returns:
        (H, W, 3) uint8, sRGB.
    """
    grey_world = light.mean() / light.mean(axis=(0, 1))
    light = light * grey_world ** rnd.uniform(*GREY_WORLD)
    light = light * _exposure(light, coverage) * 2 ** rnd.gauss(0.0, 0.3)
    light = light * _vignette(light.shape, rnd)[..., None] * rng.normal(1, 0.025, 3)
    light = np.maximum(_sharpen(light, rnd.uniform(-0.07, 0.08)), 0)
    noise = rng.normal(size=light.shape) * rnd.uniform(0.002, 0.018)
    light = np.maximum(light + noise * np.sqrt(light + 0.02), 0)
    light = (light / 0.18) ** rnd.uniform(1.0, 1.25) * 0.18
    picture = _filmic(light)
    grey = picture.mean(axis=2, keepdims=True)
    picture = grey + (picture - grey) * rnd.uniform(0.75, 1.08)
    return np.round(np.clip(_srgb(picture), 0, 1) * 255).astype(np.uint8)


def _exposure(light: np.ndarray, coverage: np.ndarray) -> float:
    """Three parts of the whole picture, one part of the pet, by geometric means."""
    brightness = np.log(light.mean(axis=2) + 1e-3)
    on_pet = coverage > 0.5
    whole = brightness.mean()
    subject = brightness[on_pet].mean() if on_pet.any() else whole
    return MIDDLE_GREY / math.exp(0.75 * whole + 0.25 * subject)


def _vignette(shape, rnd: random.Random) -> np.ndarray:
    y, x = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape[:2]), indexing="ij")
    return 1 - rnd.uniform(0, 0.3) * (x**2 + y**2) / 2


def _sharpen(light: np.ndarray, amount: float) -> np.ndarray:
    """Mix with the four neighbours; a negative amount sharpens, a positive one blurs."""
    padded = np.pad(light, ((1, 1), (1, 1), (0, 0)), "edge")
    neighbours = padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2]
    return (1 - 4 * amount) * light + amount * neighbours


def _filmic(light: np.ndarray) -> np.ndarray:
    """Tone curve with soft highlights (K. Narkowicz's fit of ACES, 2015)."""
    return light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)


def _srgb(linear: np.ndarray) -> np.ndarray:
    """Transfer curve of sRGB (IEC 61966-2-1)."""
    bright = 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    return np.where(linear < 0.0031308, linear * 12.92, bright)
