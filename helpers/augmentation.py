"""Random changes of training pictures that treat image and mask alike.

Introduced in lab 2, used again in lab 5. Place and shape are changed here in one step, because each
resampling blurs; colour comes from keras-cv (0.9.0 is its last release; its makers go on in
keras-hub), which is reached through this module alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

MARGIN = 1.375
"""How much larger than the network's input the pictures should come, in height and width.

A zoom into a picture of the input's own size would only show its pixels larger.
"""


def augmenter(size: int, seed: int) -> Callable:
    """Random flip, zoom, aspect, rotation, place and light, then parts of other pictures pasted in.

    What comes to lie outside of the picture is filled with its mirror image, the mask's likewise,
    so no label is made up.

    Args:
        size: height and width of what the network sees; best `MARGIN` times smaller than what the
            function is given.
        seed: of all random numbers; they go on from batch to batch and from epoch to epoch.

    Returns:
        A function of (B, H, W, 3) float32 images from 0 to 255 and (B, H, W) int32 labels that
        gives (B, size, size, 3) and (B, size, size), of the same types.
    """
    import tensorflow as tf
    from keras_cv import layers

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
        images, labels = _move(images, labels, size, generator)
        images = _tint(images, generator)
        for change in light:
            images = change(images)
        images = tf.ensure_shape(images, (None, size, size, 3))
        return _cut_mix(images, labels, generator)

    return augment


def _move(
    images: tf.Tensor, labels: tf.Tensor, size: int, generator: tf.random.Generator
) -> tuple[tf.Tensor, tf.Tensor]:
    """A random affine map of each picture, sampled once: bilinearly, the labels by nearest."""
    import tensorflow as tf

    batch, (height, width) = tf.shape(images)[:1], images.shape[1:3]

    def draw(low: float, high: float) -> tf.Tensor:
        return generator.uniform(batch, low, high)

    zoom = tf.exp(draw(-0.45, 0.25))  # sides of the part that is shown, in those of the picture
    stretch, angle = tf.exp(draw(-0.15, 0.15)), draw(-0.25, 0.25)
    mirror = tf.where(draw(0, 1) < 0.5, -1.0, 1.0)
    across, down = mirror * zoom * stretch * width / size, zoom / stretch * height / size
    free = tf.abs(1 - zoom) / 2 + 0.06
    middle = (size - 1) / 2
    # An output pixel (x, y) takes its value from (a x + b y + c, d x + e y + f) in the picture.
    a, b = tf.cos(angle) * across, -tf.sin(angle) * down
    d, e = tf.sin(angle) * across, tf.cos(angle) * down
    c = width * (0.5 + draw(-1, 1) * free) - (a + b) * middle
    f = height * (0.5 + draw(-1, 1) * free) - (d + e) * middle
    zero = tf.zeros(batch)
    maps = tf.stack([a, b, c, d, e, f, zero, zero], axis=1)

    def sample(pixels: tf.Tensor, interpolation: str) -> tf.Tensor:
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pixels,
            transforms=maps,
            output_shape=(size, size),
            fill_value=0.0,
            interpolation=interpolation,
            fill_mode="REFLECT",
        )

    return sample(images, "BILINEAR"), sample(labels[..., None], "NEAREST")[..., 0]


def _tint(images: tf.Tensor, generator: tf.random.Generator) -> tf.Tensor:
    """Each colour channel a little stronger or weaker, as under another lamp."""
    import tensorflow as tf

    shape = tf.stack([tf.shape(images)[0], 1, 1, 3])
    return tf.clip_by_value(images * generator.uniform(shape, 0.9, 1.1), 0, 255)


def _cut_mix(
    images: tf.Tensor, labels: tf.Tensor, generator: tf.random.Generator
) -> tuple[tf.Tensor, tf.Tensor]:
    """Half of the pictures get a rectangle of another one, with its labels (Yun et al., 2019).

    So the network cannot tell a pet by what usually stands round it.
    """
    import tensorflow as tf

    batch, size = tf.shape(images)[0], images.shape[1]

    def draw(low: float, high: float) -> tf.Tensor:
        return generator.uniform((batch, 1), low, high)

    side, stretch = size * tf.sqrt(draw(0.05, 0.5)), tf.exp(draw(-0.3, 0.3))
    height, width = side * stretch, side / stretch
    top, left = draw(0, 1) * (size - height), draw(0, 1) * (size - width)
    pixel = tf.range(size, dtype=tf.float32)[None]
    rows = (pixel >= top) & (pixel < top + height)
    columns = (pixel >= left) & (pixel < left + width)
    pasted = (rows[:, :, None] & columns[:, None]) & (draw(0, 1) < 0.5)[..., None]
    others = tf.roll(images, 1, axis=0), tf.roll(labels, 1, axis=0)
    return tf.where(pasted[..., None], others[0], images), tf.where(pasted, others[1], labels)
