"""Made pictures and small networks that more than one test file uses."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

SIZE = 64
"""Height and width of the pictures that the networks `light` and `classic` see."""


def discs(count: int, size: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bright discs with a rim on dark ground: (N, H, W, 3) images and (N, H, W) labels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    images = rng.uniform(20, 60, (count, size, size, 3)).astype(np.float32)
    labels = np.ones((count, size, size), np.int32)
    for image, label in zip(images, labels, strict=True):
        centre, radius = rng.uniform(0.3, 0.7, 2) * size, rng.uniform(0.15, 0.3) * size
        distance = np.hypot(y - centre[0], x - centre[1])
        label[distance < radius + 2] = 2
        label[distance < radius] = 0
        image[label == 0] += 170
    return images, labels


def dataset(count: int, seed: int = 0) -> tf.data.Dataset:
    images, labels = discs(count, seed=seed)
    names = [f"{number}.png" for number in range(count)]
    return tf.data.Dataset.from_tensor_slices(
        {"image": images, "labels": labels, "file_name": names}
    )


def pair(example: dict) -> tuple[tf.Tensor, tf.Tensor]:
    return example["image"], example["labels"]


def pictures(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 255, (count, size, size, 3)).astype(np.float32)


def parrot(size: tuple[int, int], classes: int, dark: int = 1) -> keras.Model:
    """A network that calls light pixels class 0 and dark ones class `dark`, never another."""
    inputs = keras.Input((*size, 3), name="image")
    layer = keras.layers.Conv2D(classes, 1)
    model = keras.Model(inputs, layer(inputs), name="parrot")
    kernel, bias = np.zeros((1, 1, 3, classes)), np.full(classes, -1e3)
    kernel[..., 0], bias[0], bias[dark] = 0.1, 0.0, 30.0
    layer.set_weights([kernel, bias])
    return model


def shake(model: keras.Model, seed: int = 0) -> keras.Model:
    """Moves batch normalisation away from the 0 and 1 of a new model, as a training does."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([w + rng.uniform(0.05, 0.3, w.shape) for w in layer.get_weights()])
    return model
