"""Model of a cheap street camera: from linear light to the stored picture.

Automatic exposure, vignette, white-balance drift, slight blur, shot noise and a filmic tone curve
(the rational fit by K. Narkowicz, 2016, to the ACES reference curve), then sRGB. This step, more
than the renderer, makes the picture look photographic. Rests on NumPy alone.
"""

from __future__ import annotations

import numpy as np


class Sensor:
    """Sensor of one camera; constant over a clip, so that nothing flickers."""

    def __init__(self, seed: int, exposure_key: float) -> None:
        rng = np.random.default_rng((71, seed))
        self.key = exposure_key * 2 ** rng.normal(0.1, 0.2)
        self.vignette = rng.uniform(0.1, 0.28)
        self.balance = rng.normal(1, 0.03, 3)
        self.blur = rng.uniform(0.0, 0.12)
        self.grain = rng.uniform(0.005, 0.018) * (1.6 if exposure_key < 0.1 else 1.0)
        self.bloom = rng.uniform(0.02, 0.06)
        self.gain: float | None = None

    def meter(self, light: np.ndarray) -> None:
        """Set the exposure from a picture in linear light; `develop` does it if nobody else did."""
        lower = light.mean(axis=2)[light.shape[0] // 4 :]
        self.gain = self.key / float(np.exp(np.log(lower + 1e-3).mean()))

    def develop(self, light: np.ndarray, frame_seed: int) -> np.ndarray:
        """Linear light (H, W, 3) to an image (H, W, 3) uint8."""
        height, width = light.shape[:2]
        if self.gain is None:
            self.meter(light)
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        image = light * self.gain * (1 - self.vignette * (x**2 + y**2) / 2)[..., None]
        image = image * self.balance
        image = image + self.bloom * _spread(np.clip(image - 1.5, 0, 12))
        image = _blur(image, self.blur)
        rng = np.random.default_rng((73, frame_seed))
        noise = rng.normal(size=image.shape) * self.grain * np.sqrt(np.maximum(image, 0) + 0.02)
        image = np.maximum(image + noise, 0)
        image = image * (2.51 * image + 0.03) / (image * (2.43 * image + 0.59) + 0.14)
        srgb = np.where(
            image < 0.0031308, image * 12.92, 1.055 * np.maximum(image, 1e-9) ** (1 / 2.4) - 0.055
        )
        return np.rint(np.clip(srgb, 0, 1) * 255).astype(np.uint8)


def _blur(image: np.ndarray, share: float) -> np.ndarray:
    """Give each of the four neighbours `share` of a pixel's light."""
    p = np.pad(image, ((1, 1), (1, 1), (0, 0)), "edge")
    around = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2]
    return (1 - 4 * share) * image + share * around


def _spread(image: np.ndarray, reach: int = 9) -> np.ndarray:
    """A triangular smear of `reach` pixels, for the halo of lamps."""
    if not image.any():
        return image
    weights = np.bartlett(2 * reach + 1)
    for axis in (0, 1):
        image = np.apply_along_axis(np.convolve, axis, image, weights / weights.sum() * 2, "same")
    return image
