"""Scores of a segmentation network on a whole split: pixels counted, figures for the record.

Used by `python -m tools.recipes.unet` and `street`. Rests on `helpers.segmentation` and
`helpers.metrics`; labs 2 and 5 take the same steps on their pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers import metrics
from helpers.errors import ArrayError, DataError
from helpers.segmentation import BATCH, predict

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


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
        """Scores from 0 to 1, ready for JSON; `units` as in `metrics.bootstrap_interval`."""
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


def evaluate(
    model: keras.Model,
    dataset: tf.data.Dataset,
    *,
    data: str,
    to_pair: Callable[[dict], tuple[tf.Tensor, tf.Tensor]],
    flips: bool = False,
) -> Scores:
    """Predict every image of a split and count every pixel, with a progress bar.

    Args:
        model: Network that gives logits.
        dataset: Elements with "file_name" and what `to_pair` needs, as `load_pets` gives them.
        data: Name of the split, repeated in the scores.
        to_pair: Function from an element to an (H, W, 3) image and (H, W) 0-based labels.
        flips: As for `helpers.segmentation.predict`.

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

    named = dataset.map(lambda e: (*to_pair(e), e["file_name"]))
    batches = named.batch(BATCH).prefetch(1)
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
