"""Prediction with a segmentation network, and its scores on a whole split.

Introduced in lab 2, used again in lab 5. The network is any Keras model that gives logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers import metrics
from helpers.errors import ArrayError, DataError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

BATCH = 8  # number of pictures predicted at once


@dataclass(frozen=True)
class Scores:
    """Confusion matrices of the images of one split."""

    data: str  # name of the split, repeated wherever its scores are
    matrices: np.ndarray  # (N, C, C) int64, truth in rows
    file_names: tuple[str, ...]  # (N,)

    @property
    def matrix(self) -> np.ndarray:
        """(C, C): all pixels of the split."""
        return self.matrices.sum(axis=0)

    def summary(self, units: Sequence | None = None) -> dict:
        """The scores as numbers from 0 to 1, ready for JSON; `units` as in `bootstrap_interval`."""
        interval = metrics.bootstrap_interval(self.matrices, metrics.mean_iou, units=units)
        return {
            "data": self.data,
            "images": len(self.matrices),
            "miou": round(float(metrics.mean_iou(self.matrix)), 4),
            "per_class_iou": [
                None if np.isnan(v) else round(float(v), 4)  # NaN is not JSON
                for v in metrics.iou_per_class(self.matrix)
            ],
            "accuracy": round(float(metrics.accuracy(self.matrix)), 4),
            "dice": round(float(metrics.mean_dice(self.matrix)), 4),
            "miou_ci95": [round(end, 4) for end in interval],
        }


@dataclass(frozen=True)
class Answers:
    """Probabilities that a network gave for N pictures, beside pictures and truth."""

    file_names: tuple[str, ...]  # (N,)
    images: np.ndarray  # (N, H, W, 3) uint8 RGB
    truth: np.ndarray  # (N, H, W) uint8 labels
    probabilities: np.ndarray  # (N, H, W, C) float16

    @property
    def labels(self) -> np.ndarray:
        """(N, H, W) uint8: the most probable class of every pixel."""
        return self.probabilities.argmax(axis=-1).astype(np.uint8)

    def scores(self, data: str) -> Scores:
        """A confusion matrix for each picture; `data` is the name of the split."""
        classes = self.probabilities.shape[-1]
        pairs = zip(self.truth, self.labels, strict=True)
        matrices = [metrics.confusion_matrix(a, b, classes) for a, b in pairs]
        return Scores(data, np.stack(matrices), self.file_names)


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


def evaluate(
    model: keras.Model,
    dataset: tf.data.Dataset,
    *,
    data: str,
    to_pair: Callable[[dict], tuple[tf.Tensor, tf.Tensor]],
    flips: bool = False,
) -> Scores:
    """Predicts every image of a split and counts every pixel, with a progress bar.

    Args:
        model: Network that gives logits.
        dataset: Elements with "file_name" and what `to_pair` needs, as `load_pets` gives them.
        data: Name of the split, repeated in the scores.
        to_pair: Function from an element to an (H, W, 3) image and (H, W) 0-based labels.
        flips: As for `predict`.

    >>> from operator import itemgetter
    >>> model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 1)])
    >>> image, labels = tf.zeros((1, 4, 4, 3)), tf.zeros((1, 4, 4), tf.int32)
    >>> black = {"image": image, "labels": labels, "file_name": ["black"]}
    >>> one = tf.data.Dataset.from_tensor_slices(black)
    >>> evaluate(model, one, data="made up", to_pair=itemgetter("image", "labels")).matrix
    array([[16,  0],
           [ 0,  0]])
    """
    from tqdm.auto import tqdm

    batches = dataset.map(lambda e: (*to_pair(e), e["file_name"])).batch(BATCH).prefetch(1)
    matrices, names = [], []
    with tqdm(total=len(dataset), desc="evaluate", unit="image", leave=False) as bar:
        for images, truth, file_names in batches.as_numpy_iterator():
            probabilities = predict(model, images, flips=flips)
            spoilt = np.isnan(probabilities).any(axis=(1, 2, 3))
            if spoilt.any():
                found = f"NaN, first for {file_names[spoilt.argmax()].decode()}"
                raise ArrayError("model output", expected="numbers", found=found)
            pairs = zip(truth, probabilities.argmax(axis=-1), strict=True)
            matrices += [metrics.confusion_matrix(*pair, model.output_shape[-1]) for pair in pairs]
            names += [name.decode() for name in file_names]
            bar.update(len(images))
    if not matrices:
        raise DataError(data, expected="at least one image", found="none")
    return Scores(data, np.stack(matrices), tuple(names))


def answer(model: keras.Model, dataset: tf.data.Dataset) -> Answers:
    """Predicts pictures of one size and keeps the probabilities, with a progress bar.

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
