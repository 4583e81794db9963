"""What a segmentation network answers, and how good it is on a whole split.

Introduced in lab 2, used again in lab 5. Rests on `helpers.metrics` for the figures; the network is
any Keras model that gives logits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers import metrics
from helpers.errors import ArrayError, DataError, explain

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True)
class Scores:
    """What an evaluation counted: a confusion matrix for each image of a split.

    `data` names the split, `matrices` is (N, C, C) int64, `file_names` has N names.
    """

    data: str
    matrices: np.ndarray
    file_names: tuple[str, ...]

    @property
    def matrix(self) -> np.ndarray:
        """(C, C): all pixels of the split."""
        return self.matrices.sum(axis=0)

    def summary(self) -> dict:
        """The figures that the command line reports, shares from 0 to 1."""
        low, high = metrics.bootstrap_interval(self.matrices, metrics.mean_iou)
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
            "miou_ci95": [round(low, 4), round(high, 4)],
        }


def predict(model: keras.Model, images: np.ndarray, *, flips: bool = False) -> np.ndarray:
    """Class probabilities of a batch.

    Args:
        model: gives logits.
        images: (B, H, W, 3), 0 to 255.
        flips: also predict the mirrored images, mirror the answers back and take the mean.

    Returns:
        (B, H, W, C) float32 that add up to 1 over the classes.
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
    batch_size: int = 16,
) -> Scores:
    """Predicts every image of a split and counts every pixel, with a progress bar.

    Args:
        model: gives logits.
        dataset: elements with "file_name" and what `to_pair` needs, such as `load_pets` gives.
        data: the name of the split, repeated in the scores.
        to_pair: from an element to an (H, W, 3) image and (H, W) labels, 0-based.
        flips: as for `predict`.
        batch_size: images predicted at once.

    Raises:
        DataError: the dataset is empty.
        ArrayError: the model's output holds NaN.
    """
    from tqdm.auto import tqdm

    classes = model.output_shape[-1]
    batches = dataset.map(lambda e: (*to_pair(e), e["file_name"])).batch(batch_size).prefetch(1)
    matrices, names = [], []
    with tqdm(total=len(dataset), desc="evaluate", unit="image", leave=False) as bar:
        for images, truth, file_names in batches.as_numpy_iterator():
            probabilities = predict(model, images, flips=flips)
            spoilt = np.isnan(probabilities).any(axis=(1, 2, 3))
            if spoilt.any():
                found = f"NaN, first for {file_names[spoilt.argmax()].decode()}"
                raise ArrayError(explain("model output", expected="numbers", found=found))
            for labels, answer in zip(truth, probabilities.argmax(axis=-1), strict=True):
                matrices.append(metrics.confusion_matrix(labels, answer, classes))
            names += [name.decode() for name in file_names]
            bar.update(len(images))
    if not matrices:
        raise DataError(explain(data, expected="at least one image", found="none"))
    return Scores(data, np.stack(matrices), tuple(names))
