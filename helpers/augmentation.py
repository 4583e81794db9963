"""Random changes of training pictures that treat image and mask alike.

Introduced in lab 2, used again for lab 5's networks. Place and shape are changed here in one step,
because each resampling blurs; brightness, contrast and colour come from keras-cv.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

# How much larger than the network's input the pictures should come, in height and width. A zoom
# into a picture of the input's own size would only show its pixels larger.
MARGIN = 1.375


@dataclass(frozen=True)
class Motion:
    """Limits of random motion; the defaults suit pets, which lie and stand in any way."""

    zoom: tuple[float, float] = (-0.45, 0.25)  # logarithm of the share of a side that is shown
    angle: float = 0.25  # largest, in radians
    paste: float = 0.5  # share of pictures that get a part of another one


STRETCH = 0.15  # largest change of the aspect ratio, as a logarithm
SHIFT = 0.06  # share of the side by which the part shown may leave the picture


def augmenter(size: int | tuple[int, int], seed: int, motion: Motion | None = None) -> Callable:
    """Random flip, zoom, aspect, rotation, place and light, then parts of other pictures pasted in.

    Beyond its edge a picture is continued by its mirror image, and the mask likewise.

    Args:
        size: Height and width of the network's input, one number where they are equal; the pictures
            should be `MARGIN` times larger.
        seed: Seed of all random numbers, which go on from batch to batch and epoch to epoch.
        motion: Limits of the motion; by default those for pets.

    The function takes (B, H, W, 3) float32 images from 0 to 255 and (B, H, W) int32 labels and
    gives (B, *size, 3) and (B, *size), of the same types.

    >>> augment = augmenter(32, seed=1)
    >>> images, labels = augment(tf.zeros((2, 44, 44, 3)), tf.zeros((2, 44, 44), tf.int32))
    >>> images.shape.as_list(), labels.shape.as_list()
    ([2, 32, 32, 3], [2, 32, 32])
    """
    import tensorflow as tf
    from keras_cv import layers  # importing it takes seconds

    motion = motion or Motion()
    size = (size, size) if isinstance(size, int) else size
    # One generator, since an operation that keeps its own random state starts over with each
    # epoch's iterator. Keras-cv's brightness and contrast draw from TensorFlow's global one.
    generator = tf.random.Generator.from_seed(seed)
    tf.random.set_global_generator(tf.random.Generator.from_seed(seed + 1))
    tf.random.set_seed(seed)
    light = [
        layers.RandomBrightness(0.12, (0, 255), seed=seed),
        layers.RandomContrast((0, 255), 0.3, seed=seed + 1),
        layers.RandomColorDegeneration(0.7, seed=seed + 2),
    ]

    def augment(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = _move(images, labels, size, motion, generator)
        # Each colour channel a little stronger or weaker, as under another lamp.
        lamp = generator.uniform(tf.stack([tf.shape(images)[0], 1, 1, 3]), 0.9, 1.1)
        images = tf.clip_by_value(images * lamp, 0, 255)
        for change in light:
            images = change(images)
        images = tf.ensure_shape(images, (None, *size, 3))
        return _cut_mix(images, labels, motion.paste, generator)

    return augment


def _move(
    images: tf.Tensor,
    labels: tf.Tensor,
    size: tuple[int, int],
    motion: Motion,
    generator: tf.random.Generator,
) -> tuple[tf.Tensor, tf.Tensor]:
    """A random affine map of each picture, sampled once: bilinearly, the labels by nearest."""
    import tensorflow as tf

    batch, (height, width) = tf.shape(images)[:1], images.shape[1:3]

    def draw(low: float, high: float) -> tf.Tensor:
        return generator.uniform(batch, low, high)

    zoom = tf.exp(draw(*motion.zoom))  # sides of the part that is shown, in those of the picture
    stretch = tf.exp(draw(-STRETCH, STRETCH))
    angle = draw(-motion.angle, motion.angle)
    mirror = tf.where(draw(0, 1) < 0.5, -1.0, 1.0)
    across, down = mirror * zoom * stretch * width / size[1], zoom / stretch * height / size[0]
    free = tf.abs(1 - zoom) / 2 + SHIFT
    x, y = (size[1] - 1) / 2, (size[0] - 1) / 2
    # An output pixel (x, y) takes its value from (a x + b y + c, d x + e y + f) in the picture.
    a, b = tf.cos(angle) * across, -tf.sin(angle) * down
    d, e = tf.sin(angle) * across, tf.cos(angle) * down
    c = width * (0.5 + draw(-1, 1) * free) - (a * x + b * y)
    f = height * (0.5 + draw(-1, 1) * free) - (d * x + e * y)
    zero = tf.zeros(batch)
    maps = tf.stack([a, b, c, d, e, f, zero, zero], axis=1)

    def sample(pixels: tf.Tensor, interpolation: str) -> tf.Tensor:
        options = {"interpolation": interpolation, "fill_mode": "REFLECT", "fill_value": 0.0}
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pixels, transforms=maps, output_shape=size, **options
        )

    return sample(images, "BILINEAR"), sample(labels[..., None], "NEAREST")[..., 0]


def _cut_mix(
    images: tf.Tensor, labels: tf.Tensor, share: float, generator: tf.random.Generator
) -> tuple[tf.Tensor, tf.Tensor]:
    """Paste a part of another picture into some, which hides surroundings (Yun et al., 2019)."""
    import tensorflow as tf

    batch, rows, columns = tf.shape(images)[0], *images.shape[1:3]

    def draw(low: float, high: float) -> tf.Tensor:
        return generator.uniform((batch, 1), low, high)

    side, stretch = tf.sqrt(draw(0.05, 0.5)), tf.exp(draw(-0.3, 0.3))
    height, width = rows * side * stretch, columns * side / stretch
    top, left = draw(0, 1) * (rows - height), draw(0, 1) * (columns - width)
    down, across = (tf.range(pixels, dtype=tf.float32)[None] for pixels in (rows, columns))
    within = ((down >= top) & (down < top + height))[:, :, None]
    within &= ((across >= left) & (across < left + width))[:, None]
    pasted = within & (draw(0, 1) < share)[..., None]
    others = tf.roll(images, 1, axis=0), tf.roll(labels, 1, axis=0)
    return tf.where(pasted[..., None], others[0], images), tf.where(pasted, others[1], labels)
