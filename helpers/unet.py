"""U-Nets for semantic segmentation: the classic one, a light one, their weights and their scores.

Introduced in lab 2, used again for street scenes in lab 5. Rests on Keras, and for the light
model's encoder on MobileNetV2 as `keras.applications` has it. How a network is trained is in
`helpers.training`; what is here suffices to build, load, predict and evaluate.

From the shell: `python -m helpers.unet train|evaluate --help`.
"""

from __future__ import annotations

import os
import tempfile
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

_ENCODER_TAPS = ("block_3_expand_relu", "block_6_expand_relu", "block_13_expand_relu")
_ENCODER_TOP = "block_16_project_BN"
_FIRST_TRAINED = "block_3_expand"


# --- building ---------------------------------------------------------------------------------


def conv_block(x: keras.KerasTensor, filters: int, *, kernel: int = 3, strides: int = 1):
    """Convolution, batch normalisation, ReLU."""
    from keras import layers

    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    # 0.9 instead of Keras's 0.99: a few hundred steps must suffice for the moving averages.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def separable_block(x: keras.KerasTensor, filters: int):
    """`conv_block` at a fraction of the cost: first in space, channel by channel, then across."""
    from keras import layers

    return conv_block(layers.DepthwiseConv2D(3, padding="same")(x), filters, kernel=1)


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

    step = 2 ** (len(filters) - 1)
    if size % step:
        raise ArrayError(explain("size", expected=f"a multiple of {step}", found=str(size)))
    inputs = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    skips = []
    for width in filters[:-1]:
        skips.append(conv_block(conv_block(x, width), width))
        x = layers.MaxPooling2D(2)(skips[-1])
    x = conv_block(conv_block(x, filters[-1]), filters[-1])
    for width, skip in zip(filters[-2::-1], skips[::-1], strict=True):
        x = layers.Concatenate()([layers.UpSampling2D(2, interpolation="bilinear")(x), skip])
        x = conv_block(conv_block(x, width), width)
    return keras.Model(inputs, layers.Conv2D(num_classes, 1, name="logits")(x), name="classic_unet")


def light_unet(
    size: int = SIZE,
    num_classes: int = 3,
    *,
    encoder_weights: str | os.PathLike | None = None,
    enlarge: float = 1.5,
    filters: Sequence[int] = (128, 96, 64, 40),
) -> keras.Model:
    """U-Net whose way down is MobileNetV2 (Sandler et al., 2018) and whose way up is narrow.

    The encoder sees the pictures enlarged, because its filters were learnt on larger objects; fine
    detail comes from a skip connection at half the picture's own size. Its batch normalisation is
    frozen: statistics of ImageNet's 1.3 million photos are better than any that a batch of 8 has.
    Its first blocks are frozen as well: edges and textures need no new training.

    Args:
        size: height and width of the images; `enlarge * size` must be divisible by 32.
        num_classes: C.
        encoder_weights: None for random ones, "imagenet" to download them, or a file of
            `keras.applications.MobileNetV2(include_top=False)`.
        enlarge: how much larger the encoder sees the pictures, in height and width.
        filters: of the decoder, from the deepest level to the last.

    Returns:
        A model from (B, size, size, 3) float32 in 0 to 255 to (B, size, size, C) logits.

    Raises:
        WeightsError: the encoder's weights cannot be read.
    """
    import keras
    from keras import layers

    inputs = keras.Input((size, size, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    seen = round(enlarge * size)
    if seen % 32:
        expected = "enlarge * size to be a multiple of 32"
        raise ArrayError(explain("size", expected=expected, found=f"{enlarge} * {size} = {seen}"))
    # Not layers.Resizing: its `training` is True unless it is told, and what comes after it would
    # believe it, so that a plain `model(images)` would change the decoder's statistics.
    encoder = _mobilenet(keras.ops.image.resize(x, (seen, seen)), encoder_weights)
    names = [layer.name for layer in encoder.layers]
    for index, layer in enumerate(encoder.layers):
        early = index < names.index(_FIRST_TRAINED)
        layer.trainable = not (early or isinstance(layer, layers.BatchNormalization))

    y = conv_block(encoder.get_layer(_ENCODER_TOP).output, filters[0], kernel=1)
    for width, tap in zip(filters[:-1], _ENCODER_TAPS[::-1], strict=True):
        skip = conv_block(encoder.get_layer(tap).output, width, kernel=1)
        y = layers.UpSampling2D(2, interpolation="bilinear")(y)
        y = separable_block(layers.Concatenate()([y, skip]), width)
    y = keras.ops.image.resize(y, (size // 2, size // 2))
    y = layers.Concatenate()([y, conv_block(x, 24, kernel=4, strides=2)])
    y = separable_block(separable_block(y, filters[-1]), filters[-1])
    logits = layers.Conv2DTranspose(num_classes, 2, strides=2, name="logits")(y)
    return keras.Model(inputs, logits, name="light_unet")


def fold_batch_norm(model: keras.Model) -> keras.Model:
    """A copy for prediction alone, whose convolutions do the work of their batch normalisation.

    When nothing is trained, normalising is a multiplication and an addition for each channel, and
    the convolution before it can do both: kernel * g and (beta - mean * g) with
    g = gamma / sqrt(variance + epsilon). The answers are equal up to rounding.
    """
    import keras
    from keras import layers

    folded = {
        layer.input._keras_history.operation.name: layer
        for layer in model.layers
        if isinstance(layer, layers.BatchNormalization)
    }

    def copy(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, layers.BatchNormalization):
            return layers.Identity(name=layer.name)
        config = layer.get_config()
        return type(layer).from_config(
            config | ({"use_bias": True} if layer.name in folded else {})
        )

    # Without its compilation, which Keras would copy as well. And Keras hands the normalisation a
    # `mask` argument that the identity does not know.
    result = keras.models.clone_model(
        keras.Model(model.input, model.output, name=model.name),
        clone_function=copy,
        call_function=lambda layer, *inputs, **_: layer(*inputs),
    )
    for layer in result.layers:
        weights = model.get_layer(layer.name).get_weights()
        if norm := folded.get(layer.name):
            gamma, beta, mean, variance = norm.get_weights()
            gain = gamma / np.sqrt(variance + norm.epsilon)
            depthwise = isinstance(layer, layers.DepthwiseConv2D)
            weights = [weights[0] * (gain[:, None] if depthwise else gain), beta - mean * gain]
        if not isinstance(layer, layers.Identity):
            layer.set_weights(weights)
    return result


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


def check_destination(path: str | os.PathLike) -> None:
    """Raises `WeightsError` unless weights can be written to `path`; leaves nothing there."""
    path = Path(path)
    if not path.name.endswith(".weights.h5"):
        expected = "a name that ends in .weights.h5"
        raise WeightsError(explain(str(path), expected=expected, found=path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        expected = "a file name in a folder that can be written to"
        raise WeightsError(explain(str(path), expected=expected, found=str(error))) from error


def save_weights(model: keras.Model, path: str | os.PathLike) -> None:
    """Writes a model's weights as Keras's `.weights.h5`; a file of that name is there whole or not.

    The numbers are stored with 16 bits each: half the size, and scores that differ in the fourth
    digit at most.

    Raises:
        WeightsError: the folder cannot be written to.
    """
    import h5py
    import keras

    check_destination(path)
    path = Path(path)
    whole = path.with_name(f".{os.getpid()}-whole-{path.name}")
    half = path.with_name(f".{os.getpid()}-half-{path.name}")

    def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            small = item.astype("float16") if item.dtype == np.float32 else item
            target.create_dataset(name, data=small[()])
        else:
            target.require_group(name).attrs.update(item.attrs)

    try:
        # As a model that was never compiled: Adam's state would be twice the size of the model.
        keras.Model(model.input, model.output).save_weights(whole)
        with h5py.File(whole) as source, h5py.File(half, "w") as target:
            source.visititems(copy)
        os.replace(half, path)
    except OSError as error:
        expected = "a file name in a folder that can be written to"
        raise WeightsError(explain(str(path), expected=expected, found=str(error))) from error
    finally:
        whole.unlink(missing_ok=True)
        half.unlink(missing_ok=True)


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


if __name__ == "__main__":
    from helpers.training import main

    raise SystemExit(main())
