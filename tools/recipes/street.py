"""`python -m tools.recipes.street train|evaluate`: the scene networks of lab 5 from the shell.

The same steps as described in the lab, with a record of the training. With a folder of CamVid
(Brostow et al., 2009), photographs taken from a car, the networks are trained on it as well as on
Kerbside. Rests on `helpers.unet`, `helpers.training`, `helpers.augmentation` and
`tools.recipes.command`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers import DATA, augmentation, kerbside, metrics, segmentation, training, unet, weights
from helpers.errors import CourseError, DataError
from tools.recipes import command
from tools.recipes.scores import Scores

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

CROP = (160, 224)
"""Height and width of the training crops: part of a picture, at half the cost."""

WEIGHTS = DATA / "weights" / "unet_street.weights.h5"
"""Weights trained by this project; `unet_street.json` records recipe and scores."""

BAND = 2
"""Width in pixels of the band along an outline in which Boundary IoU compares."""

ATROUS_RATES = (2, 3, 4)
"""Dilation rates of DeepLabV3+'s pyramid. The paper's 6, 12 and 18 suit maps of 33 x 33 cells; on
ours of 8 x 10 they would look past the edge at nothing but padding."""

MOTION = augmentation.Motion(zoom=(-0.5, 0.0), angle=0.06, paste=0.0)
"""Augmentation for upright cameras, without pasting."""

NEAR = augmentation.Motion(zoom=(-0.7, -0.1), angle=0.06, paste=0.0)
"""Crops at about the original scale or enlarged: a pole is three pixels wide."""

UNKNOWN = 255
"""Label of pixels ignored in training and scoring."""

CAMVID = {
    "sky": 0, "building": 4, "pole": 8, "road": 1, "pavement": 2, "tree": 5, "sign": UNKNOWN,
    "fence": UNKNOWN, "car": 6, "pedestrian": 7, "bicyclist": UNKNOWN, "unlabelled": UNKNOWN,
}  # fmt: skip
"""Kerbside labels of the CamVid classes, in the order of their numbers."""

TERMS = command.KERBSIDE, "CamVid (Brostow et al., 2009): for research use"
"""Terms of the training data."""

CROSSING, ROAD = 3, 1
"""To CamVid, a crossing is road."""

SMALL = {7: 1.0, 8: 1.5}
"""Weights of persons and poles in the loss. They cover 0.5 % and 1.4 % of the pixels: without more
weight, a network that is trained for minutes finds none of them. A weight of 3, with which the
training began, finds too many: on val, half of what it called a person was none."""


def deeplab(
    size: tuple[int, int], num_classes: int, *, encoder_weights: str | os.PathLike | None = None
) -> keras.Model:
    """Build DeepLabV3+ (Chen et al., 2018) from keras-cv's parts on MobileNetV2, as `light_unet`.

    Keras-cv takes the deep features at a thirty-second of the size (the paper: a sixteenth or an
    eighth), so the picture is first resized to multiples of 32, and the answer back. The last two
    layers of its head change places: a 1 x 1 convolution and a bilinear resize give the same in
    any order, but few maps are enlarged faster than 256.
    """
    import keras
    from keras import layers
    from keras_cv import layers as keras_cv_layers
    from keras_cv import models

    inputs = keras.Input((*size, 3), name="image")
    seen = tuple(32 * max(1, round(side / 32)) for side in size)
    x = keras.ops.image.resize(layers.Rescaling(1 / 127.5, offset=-1)(inputs), seen)
    backbone = keras.Model(inputs, unet.mobilenet(x, encoder_weights).output)
    backbone.pyramid_level_inputs = {"P2": unet.ENCODER_TAPS[0], "P5": unet.ENCODER_TOP}
    head = keras.Sequential(
        [
            layers.Conv2D(256, 1, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(num_classes, 1),
            layers.UpSampling2D(4, interpolation="bilinear"),
        ]
    )
    pyramid = keras_cv_layers.SpatialPyramidPooling(dilation_rates=list(ATROUS_RATES))
    whole = models.DeepLabV3Plus(
        backbone, num_classes, spatial_pyramid_pooling=pyramid, segmentation_head=head
    )
    logits = keras.ops.image.resize(whole.output, size)
    return keras.Model(inputs, logits, name="deeplab_v3_plus")


MODELS = {
    "unet": partial(unet.light_unet, num_classes=len(kerbside.SURFACES), enlarge=1.5),
    "deeplab": partial(deeplab, num_classes=len(kerbside.SURFACES)),
}


def edge_weights(labels: tf.Tensor, extra: float, width: int) -> tf.Tensor:
    """1 + `extra` within `width` pixels of another label, 1 elsewhere; labels (B, H, W)."""
    from keras import ops

    pixels = ops.cast(labels, "float32")[..., None]
    window = 2 * width + 1
    highest = ops.max_pool(pixels, window, strides=1, padding="same")
    lowest = -ops.max_pool(-pixels, window, strides=1, padding="same")
    return 1 + extra * ops.cast(highest > lowest, "float32")[..., 0]


def boundary_loss(extra: float = 4.0, width: int = 2) -> Callable:
    """`training.combined_loss` with `edge_weights`, divided by their mean.

    The U-Net paper (Ronneberger et al., 2015) weights the gaps between cells in this way.

    Args:
        extra: Additional weight near an edge; 0 gives `combined_loss` itself.
        width: Width of the band on each side of an edge, in pixels.
    """

    def loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        from keras import ops

        weight = edge_weights(labels, extra, width)
        entropy = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        return ops.sum(weight * entropy) / ops.sum(weight) + training.dice_loss(labels, logits)

    return loss


def small_loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """`boundary_loss` with higher weights for small classes and none for unknown pixels."""
    from keras import ops

    labels = ops.cast(labels, "int32")
    known = ops.cast(labels != UNKNOWN, "float32")
    truth = ops.where(labels == UNKNOWN, 0, labels)
    of_class = ops.array([SMALL.get(k, 1.0) for k in range(len(kerbside.SURFACES))])
    weight = known * edge_weights(labels, 4.0, 2) * ops.take(of_class, truth)
    entropy = ops.sparse_categorical_crossentropy(truth, logits, from_logits=True)
    # `training.dice_loss` of the known pixels.
    probabilities = ops.softmax(logits) * known[..., None]
    one_hot = ops.one_hot(truth, len(kerbside.SURFACES)) * known[..., None]
    both = ops.sum(probabilities * one_hot, axis=(0, 1, 2))
    total = ops.sum(probabilities + one_hot, axis=(0, 1, 2))
    dice = 1 - ops.mean((2 * both + 1) / (total + 1))
    return ops.sum(weight * entropy) / (ops.sum(weight) + 1) + dice


LOSSES = {
    "combined": training.combined_loss,
    "boundary": boundary_loss(),
    "small": small_loss,
}


def camvid_frames(folder: Path, split: str) -> list[tuple[Path, Path]]:
    """CamVid frames by name, each with its labels.

    Raises:
        DataError: there are none of this split.
    """
    images = sorted((folder / split / "images").glob("*.jpg"))
    if not images:
        expected, found = f"CamVid, {split}/images/*.jpg and {split}/labels/*.png", "none"
        raise DataError(str(folder), expected=expected, found=found)
    return [(path, folder / split / "labels" / f"{path.stem}.png") for path in images]


def camvid(folder: Path, split: str) -> tf.data.Dataset:
    """CamVid frames in the form of Kerbside stills: `image`, `labels` and `file_name`.

    Raises:
        DataError: there are none of this split.
    """
    import tensorflow as tf

    images, labels = zip(*camvid_frames(folder, split), strict=True)
    paths = [str(path) for path in images], [str(path) for path in labels]
    names = [path.stem for path in images]
    table = tf.constant([*CAMVID.values(), *[UNKNOWN] * (256 - len(CAMVID))], tf.uint8)

    def read(image: tf.Tensor, truth: tf.Tensor, name: tf.Tensor) -> dict[str, tf.Tensor]:
        image = tf.io.decode_jpeg(tf.io.read_file(image), channels=3)
        image = tf.image.resize(image, kerbside.SIZE, antialias=True)
        truth = tf.io.decode_png(tf.io.read_file(truth), channels=1)
        truth = tf.image.resize(truth, kerbside.SIZE, method="nearest")[..., 0]
        return {
            "image": tf.cast(tf.round(image), tf.uint8),
            "labels": tf.gather(table, tf.cast(truth, tf.int32)),
            "file_name": name,
        }

    return tf.data.Dataset.from_tensor_slices((*paths, names)).map(read)


def _train(options: argparse.Namespace) -> dict:
    import keras
    import tensorflow as tf

    command.check_destination(options.weights)  # now, not after minutes of training
    if options.camvid and options.loss != "small":
        expected = "small with --camvid, since the other losses cannot leave unknown pixels out"
        raise CourseError("--loss", expected=expected, found=options.loss)
    keras.utils.set_random_seed(options.seed)
    build = MODELS[options.model]
    model = build(CROP, encoder_weights=None if options.initial else options.encoder_weights)
    began_with = command.load_initial(model, options.initial)
    motion = NEAR if options.loss == "small" else MOTION
    augment = augmentation.augmenter(CROP, options.seed, motion)

    def changed(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return augment(tf.cast(images, tf.float32), tf.cast(labels, tf.int32))

    def small(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Validation in the size that is trained; the whole picture is for `evaluate`.
        images = tf.image.resize(images, CROP, antialias=True)
        labels = tf.image.resize(labels[..., None], CROP, method="nearest")[..., 0]
        return images, tf.cast(labels, tf.int32)

    stills, data = kerbside.surfaces("train"), "Kerbside (rendered), train"
    data += f", {len(stills)} stills"
    if options.camvid:
        frames = camvid(options.camvid, "train")
        stills, data = stills.concatenate(frames), f"{data}; CamVid, train, {len(frames)} frames"
    train = training.batches(
        stills,
        _pair,  # as bytes: the cache holds a quarter of what floats would take
        batch_size=options.batch_size,
        augment=changed,
        seed=options.seed,
    )
    validation = training.batches(
        kerbside.surfaces("val"), lambda e: small(*_pair(e)), batch_size=16
    )
    steps = options.epochs * int(train.cardinality())
    training.compile_model(
        model,
        steps=steps,
        learning_rate=options.learning_rate,
        loss=LOSSES[options.loss],
        averaging=options.averaging,
    )
    if options.camvid:
        miou = keras.metrics.MeanIoU(
            len(kerbside.SURFACES), sparse_y_pred=False, name="miou", ignore_class=UNKNOWN
        )
        model.compile(optimizer=model.optimizer, loss=LOSSES[options.loss], metrics=[miou])
    return command.train(
        model,
        train,
        validation,
        epochs=options.epochs,
        path=options.weights,
        about={
            "command": command.line(
                "python -m tools.recipes.street train",
                model=options.model,
                epochs=options.epochs,
                batch_size=options.batch_size,
                learning_rate=options.learning_rate,
                averaging=options.averaging,
                loss=options.loss,
                seed=options.seed,
                encoder_weights=Path(options.encoder_weights or "none"),
                initial=options.initial,
                camvid="DIR" if options.camvid else None,
            ),
            "data": data,
            "terms": TERMS if options.camvid else TERMS[:1],
            "steps": steps,
            **began_with,
        },
        encoder=options.encoder_weights,
    )


def _pair(example: dict) -> tuple:
    import tensorflow as tf

    return (
        tf.ensure_shape(example["image"], (*kerbside.SIZE, 3)),
        tf.ensure_shape(example["labels"], kerbside.SIZE),
    )


def _evaluate_camvid(model: keras.Model, options: argparse.Namespace) -> dict:
    """Score the classes common to both data sets on CamVid's val frames; ignore unknown pixels."""
    frames = camvid(options.camvid, "val")
    found = segmentation.answer(model, frames)
    shared = sorted({number for number in CAMVID.values() if number != UNKNOWN})
    matrices = []
    for truth, labels in zip(found.truth, found.labels, strict=True):
        pair = truth, np.where(labels == CROSSING, ROAD, labels)
        classes = len(kerbside.SURFACES)
        matrices.append(metrics.confusion_matrix(*pair, classes, ignore=UNKNOWN))

    def mean_of_shared(matrix: np.ndarray) -> np.ndarray:
        return np.nanmean(metrics.iou_per_class(matrix)[..., shared], axis=-1)

    total = np.sum(matrices, axis=0)
    interval = metrics.bootstrap_interval(matrices, mean_of_shared)
    ious = metrics.iou_per_class(total)[shared]
    summary = {
        "data": f"CamVid, val, {len(matrices)} frames",
        "images": len(matrices),
        "classes": [kerbside.SURFACES[number] for number in shared],
        "per_class_iou": [None if np.isnan(value) else round(float(value), 4) for value in ious],
        "miou": round(float(mean_of_shared(total)), 4),
        "miou_ci95": [round(end, 4) for end in interval],
    }
    if options.record:
        command.record_scores(options.weights, "camvid_val", summary)
    return summary


def _evaluate(options: argparse.Namespace) -> dict:
    model = MODELS[options.model](kerbside.SIZE)
    weights.load(model, options.weights)
    if options.camvid:
        return _evaluate_camvid(model, options)
    stills = kerbside.surfaces(options.split)
    found = segmentation.answer(model, stills)
    # Stills of one camera are not independent: whole cameras are drawn.
    cameras = np.array([kerbside.camera_of(name) for name in found.file_names])
    data = f"Kerbside (rendered), {options.split}, {len(stills)} stills"
    scores = Scores(data, found.matrices, found.file_names)
    vehicle = kerbside.SURFACES.index("vehicle")
    each = boundary_scores(found.truth, found.labels, vehicle)
    each, units = each[~np.isnan(each)], cameras[~np.isnan(each)]
    draws = metrics.bootstrap_draws(len(each), units=units)
    low, high = metrics.percentile_interval(draws @ each / draws.sum(axis=1))
    summary = scores.summary(cameras) | {
        "interval_by": "camera",
        "classes": list(kerbside.SURFACES),
        "vehicle_boundary_iou": round(float(each.mean()), 4),
        "vehicle_boundary_iou_ci95": [round(low, 4), round(high, 4)],
        "boundary_band_pixels": BAND,
    }
    if options.record:
        command.record_scores(options.weights, options.split, summary)
    return summary


def boundary_scores(truth: np.ndarray, answers: np.ndarray, label: int) -> np.ndarray:
    """Boundary IoU of a class in N pictures (N, H, W) of labels; NaN where the truth lacks it."""
    return np.array(
        [
            metrics.boundary_iou(labels == label, found == label, width=BAND)
            if (labels == label).any()
            else np.nan
            for labels, found in zip(truth, answers, strict=True)
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the last line printed is one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.recipes.street", description=__doc__.split("\n\n")[0]
    )
    verbs = parser.add_subparsers(required=True, metavar="train|evaluate")
    train = verbs.add_parser("train", help="train on the train split of Kerbside")
    numbers = {"epochs": 8, "batch_size": 8, "learning_rate": 1.5e-3}
    command.training_options(train, **numbers)
    train.add_argument(
        "--averaging",
        type=float,
        default=0.99,
        help="decay of the weight average, lower for short training; default: %(default)s",
    )
    train.add_argument("--loss", choices=list(LOSSES), default="combined")
    train.set_defaults(run=_train)
    evaluate = verbs.add_parser("evaluate", help="score a split with one confusion matrix")
    command.evaluation_options(evaluate, kerbside.SPLITS)
    evaluate.set_defaults(run=_evaluate)
    for verb in (train, evaluate):
        verb.add_argument(
            "--camvid", type=Path, metavar="DIR", help="CamVid, for training or scoring"
        )
        verb.add_argument("--model", choices=list(MODELS), default="unet")
    command.weights_options(train, evaluate, shipped=WEIGHTS)
    return command.run(parser, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
