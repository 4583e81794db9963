"""Street scenes for semantic segmentation: Kerbside's labels, and the networks that learn them.

Introduced in lab 5, where the ground that a camera sees (road, sidewalk, crossing) is to be found
by a network instead of drawn by hand. The U-Net is lab 2's; DeepLabV3+ comes from keras-cv and
stands on the same encoder, so that the two are compared and not what they had learnt before. Rests
on `helpers.unet` and TensorFlow.

From the shell: `python -m tools.recipes.street train|evaluate --help`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers import DATA, kerascv, metrics, unet
from helpers.errors import ArrayError, DataError, explain
from helpers.kerbside import RECORDS, SIZE, SPLITS, camera_of
from helpers.kerbside import SURFACES as CLASSES
from helpers.kerbside import surfaces as load
from helpers.scoring import Scores

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

__all__ = ["CLASSES", "RECORDS", "SIZE", "SPLITS", "camera_of", "load"]

CROP = (160, 224)
"""What the networks see while they learn: part of a picture, at half the cost."""

WEIGHTS = DATA / "weights" / "unet_kerbside.weights.h5"
"""Trained by this project; `unet_kerbside.json` beside it says how and how well."""

ATROUS_RATES = (2, 3, 4)
"""Of DeepLabV3+'s pyramid. The paper's 6, 12 and 18 suit maps of 33 x 33 cells; on ours of 8 x 10
they would look past the edge at nothing but padding."""

BAND = 2
"""Width in pixels of the band along an outline in which `boundary_scores` compares."""


# --- networks ---------------------------------------------------------------------------------


def street_unet(
    size: tuple[int, int] = SIZE, *, encoder_weights: str | os.PathLike | None = None
) -> keras.Model:
    """Lab 2's light U-Net for streets; its weights fit every size.

    Returns:
        A model from (B, H, W, 3) float32 in 0 to 255 to (B, H, W, 9) logits.
    """
    return unet.light_unet(size, len(CLASSES), encoder_weights=encoder_weights, enlarge=1.0)


def deeplab(
    size: tuple[int, int] = SIZE, *, encoder_weights: str | os.PathLike | None = None
) -> keras.Model:
    """DeepLabV3+ (Chen et al., 2018) as keras-cv builds it, on MobileNetV2.

    Keras-cv takes the deep features at a thirty-second of the picture's size, where the paper has a
    sixteenth or an eighth. Its way up works in steps of eight and four, so the picture is first
    resized to multiples of 32, and the answer back. The last two layers of its head change places:
    a 1 x 1 convolution and a bilinear resize give the same in any order, but 9 maps are enlarged at
    a fraction of what 256 cost.

    Args and returns as `street_unet`.
    """
    import keras
    from keras import layers

    inputs = keras.Input((*size, 3), name="image")
    seen = tuple(32 * max(1, round(side / 32)) for side in size)
    x = keras.ops.image.resize(layers.Rescaling(1 / 127.5, offset=-1)(inputs), seen)
    encoder = unet.mobilenet(x, encoder_weights)
    for layer in encoder.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    backbone = keras.Model(inputs, encoder.output)
    backbone.pyramid_level_inputs = {"P2": "block_3_expand_relu", "P5": "block_16_project_BN"}
    head = keras.Sequential(
        [
            layers.Conv2D(256, 1, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(len(CLASSES), 1),
            layers.UpSampling2D(4, interpolation="bilinear"),
        ]
    )
    pyramid = kerascv.layers().SpatialPyramidPooling(dilation_rates=list(ATROUS_RATES))
    whole = kerascv.models().DeepLabV3Plus(
        backbone, len(CLASSES), spatial_pyramid_pooling=pyramid, segmentation_head=head
    )
    logits = keras.ops.image.resize(whole.output, size)
    return keras.Model(inputs, logits, name="deeplab_v3_plus")


MODELS = {"unet": street_unet, "deeplab": deeplab}


# --- answers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answers:
    """What a network said about some stills, beside the truth."""

    file_names: tuple[str, ...]
    images: np.ndarray  # (N, H, W, 3) uint8
    truth: np.ndarray  # (N, H, W) uint8
    probabilities: np.ndarray  # (N, H, W, C) float16

    @property
    def labels(self) -> np.ndarray:
        """(N, H, W) uint8: the most probable class of every pixel."""
        return self.probabilities.argmax(axis=-1).astype(np.uint8)

    def scores(self, data: str) -> Scores:
        """A confusion matrix for each still."""
        pairs = zip(self.truth, self.labels, strict=True)
        matrices = [metrics.confusion_matrix(a, b, len(CLASSES)) for a, b in pairs]
        return Scores(data, np.stack(matrices), self.file_names)

    def of_camera(self, camera: int) -> np.ndarray:
        """Indices of one camera's stills."""
        return np.array([i for i, n in enumerate(self.file_names) if camera_of(n) == camera])


def answer(model: keras.Model, dataset: tf.data.Dataset, *, batch_size: int = 8) -> Answers:
    """Runs a network over stills, with a progress bar.

    Args:
        model: gives logits.
        dataset: as `load` gives it.
        batch_size: stills predicted at once.

    Raises:
        DataError: there is no still.
    """
    import tensorflow as tf
    from tqdm.auto import tqdm

    # One graph for all batches; `model.predict` would make one anew for each call.
    predict = tf.function(
        lambda images: tf.nn.softmax(model(tf.cast(images, tf.float32), training=False)),
        input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)],
    )
    parts: list[tuple] = []
    with tqdm(total=len(dataset), desc=model.name, unit="still", leave=False) as bar:
        for batch in dataset.batch(batch_size).prefetch(1).as_numpy_iterator():
            found = predict(batch["image"]).numpy().astype(np.float16)
            parts.append((batch["file_name"], batch["image"], batch["labels"], found))
            bar.update(len(found))
    if not parts:
        raise DataError(explain("dataset", expected="at least one still", found="none"))
    names, images, truth, probabilities = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    return Answers(tuple(name.decode() for name in names), images, truth, probabilities)


def boundary_scores(
    truth: Sequence[np.ndarray], answers: Sequence[np.ndarray], name: str, width: int = BAND
) -> np.ndarray:
    """Boundary IoU of one class in every still that has it.

    Args:
        truth: (N, H, W) labels.
        answers: (N, H, W) labels.
        name: of the class.
        width: of the band in pixels.

    Returns:
        (M,) from 0 to 1, for the M stills in whose truth the class occurs.
    """
    if name not in CLASSES:
        raise ArrayError(explain("name", expected=" or ".join(CLASSES), found=repr(name)))
    number = CLASSES.index(name)
    return np.array(list(_boundary(truth, answers, number, width)))


def _boundary(truth, answers, number: int, width: int) -> Iterator[float]:
    for labels, found in zip(truth, answers, strict=True):
        if (labels == number).any():
            yield metrics.boundary_iou(labels == number, found == number, width=width)
