"""Prediction with a segmentation network, of one batch or of all pictures of a split.

Introduced in lab 2, used again in lab 5. The network is any Keras model that gives logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers import metrics
from helpers.errors import DataError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

BATCH = 8  # number of pictures predicted at once


@dataclass(frozen=True)
class Answers:
    """Predicted probabilities of N pictures, with the pictures and their truth."""

    file_names: tuple[str, ...]  # (N,)
    images: np.ndarray  # (N, H, W, 3) uint8 RGB
    truth: np.ndarray  # (N, H, W) uint8 labels
    probabilities: np.ndarray  # (N, H, W, C) float16

    @property
    def labels(self) -> np.ndarray:
        """(N, H, W) uint8: the most probable class of every pixel."""
        return self.probabilities.argmax(axis=-1).astype(np.uint8)

    @property
    def matrices(self) -> np.ndarray:
        """(N, C, C) int64: the confusion matrix of each picture."""
        classes = self.probabilities.shape[-1]
        pairs = zip(self.truth, self.labels, strict=True)
        return np.stack([metrics.confusion_matrix(*pair, classes) for pair in pairs])


def predict(model: keras.Model, images: np.ndarray, *, flips: bool = False) -> np.ndarray:
    """Class probabilities (B, H, W, C) float32 of images (B, H, W, 3), 0 to 255; they add up to 1.

    With `flips` the mirrored images are predicted as well, and the two answers averaged.

    >>> model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 1)])
    >>> predict(model, np.zeros((1, 4, 4, 3)))[0, 0, 0].tolist()
    [0.5, 0.5]
    """
    import tensorflow as tf

    images = np.asarray(images, np.float32)
    probabilities = tf.nn.softmax(model.predict_on_batch(images)).numpy()
    if flips:
        mirrored = tf.nn.softmax(model.predict_on_batch(images[:, :, ::-1])).numpy()
        probabilities = (probabilities + mirrored[:, :, ::-1]) / 2
    return probabilities


def answer(model: keras.Model, dataset: tf.data.Dataset) -> Answers:
    """Predict one or more pictures of one size and keep the probabilities, with a progress bar.

    `dataset` holds "image", "labels" and "file_name", as `kerbside.surfaces` gives them.

    >>> from helpers import kerbside
    >>> model = keras.Sequential([keras.Input((240, 320, 3)), keras.layers.Conv2D(9, 1)])
    >>> answer(model, kerbside.surfaces("val").take(2)).labels.shape
    (2, 240, 320)
    """
    import tensorflow as tf
    from tqdm.auto import tqdm

    # One graph for all batches; `model.predict` would make one anew for each call.
    probabilities_of = tf.function(
        lambda images: tf.nn.softmax(model(tf.cast(images, tf.float32), training=False)),
        input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)],
    )
    parts: list[tuple] = []
    with tqdm(total=len(dataset), desc=model.name, unit="still", leave=False) as bar:
        for batch in dataset.batch(BATCH).prefetch(1).as_numpy_iterator():
            found = probabilities_of(batch["image"]).numpy().astype(np.float16)
            parts.append((batch["file_name"], batch["image"], batch["labels"], found))
            bar.update(len(found))
    if not parts:
        raise DataError("dataset", expected="at least one still", found="none")
    names, *arrays = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Answers(tuple(name.decode() for name in names), *arrays)
