"""U-Nets for semantic segmentation: the classic one, a light one, their weights and their scores.

Introduced in lab 2, used again for street scenes in lab 5. Rests on Keras, and for the light
model's encoder on MobileNetV2 as `keras.applications` has it. How a network is trained is in
`helpers.training`; what is here suffices to build, load, predict and evaluate.

From the shell: `python -m helpers.unet train|evaluate --help`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers import DATA, metrics
from helpers.errors import ArrayError, DataError, WeightsError, explain

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

SIZE = 128
"""Height and width of the pictures that the pets' networks see, in pixels."""

WEIGHTS = DATA / "weights" / "unet_pets.weights.h5"
"""Trained by this project on photos; `unet_pets.json` beside it says how and how well."""

_ENCODER_TAPS = ("block_1_expand_relu", "block_3_expand_relu", "block_6_expand_relu")
_ENCODER_TOP = "block_13_expand_relu"


# --- building ---------------------------------------------------------------------------------


def conv_block(x: keras.KerasTensor, filters: int, *, count: int = 1, kernel: int = 3):
    """`count` times convolution, batch normalisation, ReLU; height and width stay as they are."""
    from keras import layers

    for _ in range(count):
        x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
        # 0.9 instead of Keras's 0.99: a few hundred steps must suffice for the moving averages.
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    return x


def up_block(x: keras.KerasTensor, skip: keras.KerasTensor, filters: int, *, count: int = 1):
    """Doubles height and width, joins the skip connection, then convolves."""
    from keras import layers

    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    return conv_block(layers.Concatenate()([x, skip]), filters, count=count)


def classic_unet(
    size: int = SIZE, num_classes: int = 3, filters: Sequence[int] = (64, 128, 256, 512)
) -> keras.Model:
    """U-Net as Ronneberger et al. (2015) drew it, one level shallower and with same-size output.

    Args:
        size: height and width of the images; divisible by 2 ** (len(filters) - 1).
        num_classes: C.
        filters: of each level; the last one is the bottleneck.

    Returns:
        A model from (B, size, size, 3) float32 in 0 to 255 to (B, size, size, C) logits.
    """
    import keras
    from keras import layers

    inputs = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    skips = []
    for width in filters[:-1]:
        x = conv_block(x, width, count=2)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = conv_block(x, filters[-1], count=2)
    for width, skip in zip(filters[-2::-1], skips[::-1], strict=True):
        x = up_block(x, skip, width, count=2)
    return keras.Model(inputs, layers.Conv2D(num_classes, 1, name="logits")(x), name="classic_unet")


def light_unet(
    size: int = SIZE,
    num_classes: int = 3,
    *,
    encoder_weights: str | os.PathLike | None = None,
    filters: Sequence[int] = (64, 48, 32, 24),
) -> keras.Model:
    """U-Net whose encoder is MobileNetV2 (Sandler et al., 2018), cut off at 1/16 of the size.

    The encoder's batch normalisation is frozen: with 16 pictures in a batch its statistics from
    ImageNet's 1.3 million photos are better than any that a few hundred pictures give.

    Args:
        size: height and width of the images; divisible by 16.
        num_classes: C.
        encoder_weights: None for random ones, "imagenet" to download them, or a file of
            `keras.applications.MobileNetV2(include_top=False)`.
        filters: of the decoder, from the deepest level to the output.

    Returns:
        A model from (B, size, size, 3) float32 in 0 to 255 to (B, size, size, C) logits.

    Raises:
        WeightsError: the encoder's weights cannot be read.
    """
    import keras
    from keras import layers

    inputs = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    encoder = _mobilenet(x, encoder_weights)
    for layer in encoder.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    taps = [encoder.get_layer(name).output for name in _ENCODER_TAPS]
    y = conv_block(encoder.get_layer(_ENCODER_TOP).output, filters[0], kernel=1)
    for width, tap in zip(filters, taps[::-1], strict=False):
        y = up_block(y, conv_block(tap, width, kernel=1), width)
    y = up_block(y, conv_block(x, 16), filters[-1])
    return keras.Model(inputs, layers.Conv2D(num_classes, 1, name="logits")(y), name="light_unet")


def _mobilenet(x: keras.KerasTensor, weights: str | os.PathLike | None) -> keras.Model:
    import keras

    if weights not in (None, "imagenet") and not Path(weights).is_file():
        do = 'Give the file\'s path, or "imagenet" where there is a network.'
        raise WeightsError(explain(str(weights), expected="weights", found="no such file", do=do))
    try:
        return keras.applications.MobileNetV2(
            input_tensor=x, include_top=False, weights=None if weights is None else str(weights)
        )
    except Exception as error:
        if weights is None:
            raise
        do = "Without a network: give `encoder_weights` (--encoder-weights) a local file."
        found = f"{type(error).__name__}: {error}"
        expected = "ImageNet weights of MobileNetV2 without its top"
        raise WeightsError(explain(str(weights), expected=expected, found=found, do=do)) from error


# --- weights ----------------------------------------------------------------------------------


def save_weights(model: keras.Model, path: str | os.PathLike) -> None:
    """Writes a model's weights as Keras's `.weights.h5`; a file of that name is there whole or not.

    Raises:
        WeightsError: the folder cannot be written to.
    """
    path = Path(path)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save_weights(temporary)
        os.replace(temporary, path)
    except OSError as error:
        expected = "a file name in a folder that can be written to"
        raise WeightsError(explain(str(path), expected=expected, found=str(error))) from error
    finally:
        temporary.unlink(missing_ok=True)


def load_weights(model: keras.Model, path: str | os.PathLike = WEIGHTS) -> None:
    """Loads weights and says so: a run that starts from trained weights must not look like one
    that starts from none.

    Raises:
        WeightsError: no such file, a damaged one, or one made for another model.
    """
    path = Path(path)
    if not path.is_file():
        do = "`python -m helpers.unet train` makes one."
        expected = "a file of weights (.weights.h5)"
        raise WeightsError(explain(str(path), expected=expected, found="no such file", do=do))
    before = model.get_weights()
    try:
        model.load_weights(path)
    except Exception as error:
        model.set_weights(before)  # some layers may have been read before the error
        found = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        expected = f"whole weights of {model.name} ({model.count_params():,} numbers)"
        raise WeightsError(explain(str(path), expected=expected, found=found)) from error
    print(f"Loaded weights from {path.name}: {model.name} does not start from scratch.")


# --- predicting and scoring -------------------------------------------------------------------


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
            "per_class_iou": [round(float(v), 4) for v in metrics.iou_per_class(self.matrix)],
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

    images = tf.convert_to_tensor(images, tf.float32)
    probabilities = tf.nn.softmax(model(images, training=False))
    if flips:
        mirrored = tf.nn.softmax(model(images[:, :, ::-1], training=False))
        probabilities = (probabilities + mirrored[:, :, ::-1]) / 2
    return probabilities.numpy()


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
            if np.isnan(probabilities).any():
                found = f"NaN, first in {file_names[0].decode()} or a picture after it"
                raise ArrayError(explain("model output", expected="numbers", found=found))
            for labels, answer in zip(truth, probabilities.argmax(axis=-1), strict=True):
                matrices.append(metrics.confusion_matrix(labels, answer, classes))
            names += [name.decode() for name in file_names]
            bar.update(len(images))
    if not matrices:
        raise DataError(explain(data, expected="at least one image", found="none"))
    return Scores(data, np.stack(matrices), tuple(names))


if __name__ == "__main__":
    from helpers.training import main

    raise SystemExit(main())
