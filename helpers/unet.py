"""U-Nets for semantic segmentation: the classic one and a light one.

Introduced in lab 2, used again for street scenes in lab 5. Their training is in `helpers.training`,
their weights in `helpers.weights`, their scores in `helpers.segmentation`; from the shell,
`python -m tools.recipes.unet train|evaluate`. A size that does not fit is an `ArrayError`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers import DATA
from helpers.errors import ArrayError
from helpers.weights import reading_encoder

if TYPE_CHECKING:
    import keras

SIZE = 128  # height and width of the pictures that the pets' networks see, in pixels
# Trained by this project on photos; `unet_pets.json` beside it has recipe and scores.
WEIGHTS = DATA / "weights" / "unet_pets.weights.h5"
ENCODER_TAPS = ("block_3_expand_relu", "block_6_expand_relu", "block_13_expand_relu")
ENCODER_TOP = "block_16_project_BN"


def conv_block(
    x: keras.KerasTensor, filters: int, *, kernel: int = 3, strides: int = 1
) -> keras.KerasTensor:
    """Convolution, batch normalisation, ReLU.

    >>> conv_block(keras.Input((8, 8, 3)), 16, strides=2).shape
    (None, 4, 4, 16)
    """
    from keras import layers

    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    # 0.9 instead of Keras's 0.99: a few hundred steps must suffice for the moving averages.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def separable_block(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """`conv_block` at a fraction of the cost: first in space, channel by channel, then across.

    >>> separable_block(keras.Input((8, 8, 3)), 16).shape
    (None, 8, 8, 16)
    """
    from keras import layers

    return conv_block(layers.DepthwiseConv2D(3, padding="same")(x), filters, kernel=1)


def classic_unet(
    size: int = SIZE, filters: Sequence[int] = (64, 128, 256, 512), num_classes: int = 3
) -> keras.Model:
    """U-Net as Ronneberger et al. (2015) drew it, one level shallower and with same-size output.

    Args:
        size: Height and width of the images; divisible by 2 ** (len(filters) - 1).
        filters: Number of filters of each level; the last one is the bottleneck.
        num_classes: Number of classes, C.

    The model maps (B, size, size, 3) float32 in 0 to 255 to (B, size, size, C) logits.

    >>> classic_unet(32, filters=(4, 8)).output_shape
    (None, 32, 32, 3)
    """
    import keras
    from keras import layers

    step = 2 ** (len(filters) - 1)
    if size % step:
        raise ArrayError("size", expected=f"a multiple of {step}", found=str(size))
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
    size: int | tuple[int, int] = SIZE,
    num_classes: int = 3,
    *,
    encoder_weights: str | os.PathLike | None = None,
    enlarge: float = 1.25,
) -> keras.Model:
    """U-Net with MobileNetV2 (Sandler et al., 2018) as its encoder and a narrow decoder.

    The encoder sees the pictures enlarged, because its filters were learnt on larger objects. Its
    batch normalisation is frozen: ImageNet's statistics are better than those of a batch of 8.

    Args:
        size: Height and width of the images, even; one number where they are square.
        num_classes: Number of classes, C.
        encoder_weights: None for random ones, "imagenet" to download them, or a file of
            `keras.applications.MobileNetV2(include_top=False)`.
        enlarge: Factor of the enlargement; the result is rounded to a multiple of 32.

    The model maps (B, H, W, 3) float32 in 0 to 255 to (B, H, W, C) logits. Its weights fit every
    `size` and `enlarge`.

    >>> light_unet((48, 64), 9).output_shape
    (None, 48, 64, 9)
    """
    import keras
    from keras import layers

    height, width = (size, size) if isinstance(size, int) else size
    if height % 2 or width % 2:
        raise ArrayError("size", expected="multiples of 2", found=str(size))
    inputs = keras.Input((height, width, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    # The encoder halves five times.
    seen = tuple(32 * max(1, round(enlarge * side / 32)) for side in (height, width))
    # Not layers.Resizing: its `training` is True by default and spreads to the layers behind it,
    # so that a plain `model(images)` would change the decoder's statistics.
    encoder = mobilenet(keras.ops.image.resize(x, seen), encoder_weights)
    y = conv_block(encoder.get_layer(ENCODER_TOP).output, 96, kernel=1)
    for channels, tap in zip((96, 64, 40), ENCODER_TAPS[::-1], strict=True):
        skip = conv_block(encoder.get_layer(tap).output, channels, kernel=1)
        y = layers.UpSampling2D(2, interpolation="bilinear")(y)
        y = separable_block(layers.Concatenate()([y, skip]), channels)
    # Few channels before the step to half the picture's size, where each one is costly.
    y = keras.ops.image.resize(conv_block(y, 32, kernel=1), (height // 2, width // 2))
    y = layers.Concatenate()([y, conv_block(x, 16, strides=2)])
    y = separable_block(y, 32)
    logits = layers.Conv2DTranspose(num_classes, 2, strides=2, name="logits")(y)
    return keras.Model(inputs, logits, name="light_unet")


def mobilenet(x: keras.KerasTensor, weights: str | os.PathLike | None) -> keras.Model:
    """MobileNetV2 without its top over pictures (B, H, W, 3) in [-1, 1], batch norm frozen."""
    import keras

    with reading_encoder(weights):
        encoder = keras.applications.MobileNetV2(
            input_tensor=x, include_top=False, weights=None if weights is None else str(weights)
        )
    for layer in encoder.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return encoder
