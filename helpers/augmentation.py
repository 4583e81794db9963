"""Random changes of training pictures that treat image and mask alike.

Introduced in lab 2, used again in lab 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


def augmenter(num_classes: int, seed: int) -> Callable:
    """Random flip, zoom, rotation and light, the same for an image and its mask.

    The one place that touches keras-cv (0.9.0 is its last release; its makers go on in keras-hub).
    Its rotation and zoom mirror what lies outside the picture, so no label is made up there.

    Returns:
        A function of (B, H, W, 3) float32 images from 0 to 255 and (B, H, W) int32 labels that
        gives the same, changed.
    """
    import tensorflow as tf
    from keras_cv import layers

    # Some of keras-cv's layers draw from TensorFlow's global generator, and brightness and contrast
    # do not pass on the seed they are given; op determinism wants both set by hand.
    tf.random.set_global_generator(tf.random.Generator.from_seed(seed))
    tf.random.set_seed(seed)
    steps = [
        layers.RandomFlip("horizontal", seed=seed),
        layers.RandomZoom((-0.35, 0.15), (-0.35, 0.15), seed=seed + 1),
        layers.RandomRotation(0.05, segmentation_classes=num_classes, seed=seed + 2),
        layers.RandomBrightness(0.15, (0, 255), seed=seed + 3),
        layers.RandomContrast((0, 255), 0.3, seed=seed + 4),
        layers.RandomColorDegeneration(0.5, seed=seed + 5),
    ]

    def augment(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        both = {"images": images, "segmentation_masks": tf.cast(labels[..., None], tf.float32)}
        for step in steps:
            both = step(both)
        images = tf.ensure_shape(both["images"], images.shape)
        return images, tf.cast(both["segmentation_masks"][..., 0], tf.int32)

    return augment
