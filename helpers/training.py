"""Training a segmentation network: the input pipeline, losses, callbacks and an honest resume.

Introduced in lab 2, used again in lab 5; the command line of `helpers.unet` ends here. Rests on
Keras, which does the training, the checkpoints and the early stopping, and on keras-cv for random
transformations that treat image and mask alike.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import helpers
from helpers import pets, unet
from helpers.environment import available_cpus, version
from helpers.errors import CourseError, DataError, WeightsError, explain

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

BACKUPS = helpers.BUILD / "backups"
"""Where an interrupted training leaves its state, a folder for each run."""


# --- the input pipeline -----------------------------------------------------------------------


def augmenter(num_classes: int, seed: int) -> Callable:
    """Random flip, zoom, rotation and light, the same for an image and its mask.

    The one place that touches keras-cv (0.9.0 is its last release; its makers go on in keras-hub).
    Its rotation and zoom mirror what lies outside the picture, so no label is made up there.

    Returns:
        A function of (B, H, W, 3) float32 images from 0 to 255 and (B, H, W) int32 labels that
        gives the same, changed.
    """
    import tensorflow as tf
    from keras_cv import layers

    # Some of keras-cv's layers draw from TensorFlow's global generator, and brightness and contrast
    # do not pass on the seed they are given; op determinism wants both set by hand.
    tf.random.set_global_generator(tf.random.Generator.from_seed(seed))
    tf.random.set_seed(seed)
    steps = [
        layers.RandomFlip("horizontal", seed=seed),
        layers.RandomZoom((-0.35, 0.15), (-0.35, 0.15), seed=seed + 1),
        layers.RandomRotation(0.05, segmentation_classes=num_classes, seed=seed + 2),
        layers.RandomBrightness(0.15, (0, 255), seed=seed + 3),
        layers.RandomContrast((0, 255), 0.3, seed=seed + 4),
        layers.RandomColorDegeneration(0.5, seed=seed + 5),
    ]

    def augment(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        both = {"images": images, "segmentation_masks": tf.cast(labels[..., None], tf.float32)}
        for step in steps:
            both = step(both)
        images = tf.ensure_shape(both["images"], images.shape)
        return images, tf.cast(both["segmentation_masks"][..., 0], tf.int32)

    return augment


def batches(
    dataset: tf.data.Dataset,
    to_pair: Callable,
    *,
    batch_size: int = 8,
    augment: Callable | None = None,
    seed: int = 0,
) -> tf.data.Dataset:
    """From single examples to batches of (images, labels).

    Resizing is done once and cached in memory; with `augment` the examples are also shuffled, anew
    in each epoch, and the last, smaller batch is left out.
    """
    import tensorflow as tf

    pairs = dataset.map(to_pair, num_parallel_calls=tf.data.AUTOTUNE).cache()
    if augment is None:
        return pairs.batch(batch_size).prefetch(1)
    shuffled = pairs.shuffle(max(1, len(dataset)), seed=seed).batch(batch_size, drop_remainder=True)
    # One call at a time: only then the random numbers come in the same order in every run.
    return shuffled.map(augment, num_parallel_calls=1).prefetch(2)


# --- losses -----------------------------------------------------------------------------------


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean over all pixels of -log p(true class). labels (B, H, W) int, logits (B, H, W, C)."""
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)


def dice_loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """1 - Dice of probabilities, the mean over the classes (Milletari et al., "V-Net", 2016).

    Sums run over the whole batch, so a class that one picture lacks is no problem.
    """
    from keras import ops

    probabilities = ops.softmax(logits)
    truth = ops.one_hot(labels, logits.shape[-1], dtype=probabilities.dtype)
    both = ops.sum(probabilities * truth, axis=(0, 1, 2))
    total = ops.sum(probabilities + truth, axis=(0, 1, 2))
    return 1 - ops.mean((2 * both + 1) / (total + 1))


def combined_loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy, which has smooth gradients, plus Dice, which is close to what is scored."""
    return cross_entropy(labels, logits) + dice_loss(labels, logits)


# --- training ---------------------------------------------------------------------------------


def compile_model(
    model: keras.Model,
    *,
    steps: int,
    learning_rate: float = 7e-4,
    loss: Callable = combined_loss,
) -> None:
    """AdamW with a short warm-up and a cosine down to zero over `steps`; reports mIoU.

    The reported `miou` comes from one confusion matrix over the epoch, not from a mean over
    batches.
    """
    import keras

    warmup = max(1, steps // 15)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup), warmup_target=learning_rate, warmup_steps=warmup
    )
    classes = model.output_shape[-1]
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=1e-4, clipnorm=1.0),
        loss=loss,
        metrics=[keras.metrics.MeanIoU(classes, sparse_y_pred=False, name="miou")],
    )


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    *,
    epochs: int,
    backup: Path | None = None,
    callbacks: list | None = None,
) -> dict[str, list[float]]:
    """Trains with a progress bar over the steps, and goes on where an earlier try was interrupted.

    Args:
        model: compiled.
        train: batches.
        validation: batches, scored after each epoch.
        epochs: in all, those of an interrupted try included.
        backup: a folder for the state after each epoch. If it holds one, the training goes on from
            there and says so; it is removed when the training is complete.
        callbacks: more of Keras's callbacks.

    Returns:
        Keras's history: loss, miou, val_loss, val_miou of each epoch run now.
    """
    import keras
    from tqdm.auto import tqdm

    for name, data in (("train", train), ("validation", validation)):
        if data.cardinality() == 0:
            do = "Use a smaller batch or more images."
            raise DataError(explain(name, expected="at least one batch", found="none", do=do))
    steps = int(train.cardinality())
    bar = tqdm(total=epochs * steps, desc=f"train {model.name}", unit="step", leave=False)

    def begin(epoch: int, logs: dict | None = None) -> None:
        if bar.n < epoch * steps:  # only true at the first epoch after a resume
            tqdm.write(f"Resuming {model.name} after epoch {epoch} of {epochs}.", file=sys.stdout)
            bar.update(epoch * steps - bar.n)

    def report(epoch: int, logs: dict) -> None:
        bar.set_postfix(loss=f"{logs['loss']:.3f}", val_miou=f"{logs['val_miou']:.3f}")

    extra = list(callbacks or [])
    if backup is not None:
        extra.insert(0, _backup(backup))
    progress = keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=report)
    progress.on_train_batch_end = lambda batch, logs=None: bar.update()
    try:
        with bar:
            history = model.fit(
                train,
                validation_data=validation,
                epochs=epochs,
                verbose=0,
                shuffle=False,  # the pipeline shuffles
                callbacks=[*extra, progress],
            )
    finally:
        model._initial_epoch = None  # or Keras would begin this model's next training there, too
    return history.history


def _backup(folder: Path) -> keras.callbacks.Callback:
    """Keras's own, which keeps two states lest one is half-written, and names a damaged one."""
    import keras

    class Backup(keras.callbacks.BackupAndRestore):
        def on_train_begin(self, logs: dict | None = None) -> None:
            try:
                super().on_train_begin(logs)
            except (OSError, ValueError) as error:
                found = f"{type(error).__name__}: {str(error).splitlines()[0]}"
                expected = "the state of this training when it was interrupted"
                do = "Delete the folder to start anew."
                raise WeightsError(
                    explain(str(folder), expected=expected, found=found, do=do)
                ) from error

    return Backup(folder, double_checkpoint=True)


# --- command line -----------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> dict:
    import keras

    unet.check_destination(options.weights)  # now, not after minutes of training
    keras.utils.set_random_seed(options.seed)
    photos = pets.find_pets(data_dir=options.data_dir)
    to_pair = partial(pets.to_pair, size=unet.SIZE)
    load = partial(pets.load_pets, source=photos)
    augment = augmenter(len(pets.CLASSES), options.seed)
    train = batches(load("train"), to_pair, augment=augment, seed=options.seed)
    validation = batches(load("validation"), to_pair, batch_size=16)
    if options.model == "classic":
        model = unet.classic_unet()
    else:
        model = unet.light_unet(encoder_weights=options.encoder_weights)
    compile_model(model, steps=options.epochs * int(train.cardinality()))
    start = time.monotonic()
    backup = BACKUPS / f"unet-{options.weights.stem}-{options.epochs}-{options.seed}"
    history = fit(model, train, validation, epochs=options.epochs, backup=backup)
    unet.save_weights(model, options.weights)
    record = {
        "command": f"python -m helpers.unet train --model {options.model} "
        f"--epochs {options.epochs} --seed {options.seed}",
        "data": photos.title("train"),
        "epochs": options.epochs,
        "seed": options.seed,
        "seconds": round(time.monotonic() - start, 1),
        "cpus": available_cpus(),
        "parameters": model.count_params(),
        "tensorflow": version("tensorflow"),
        "keras": version("keras"),
        "val_miou_by_epoch": [round(value, 4) for value in history.get("val_miou", [])],
        "scores": {},
    }
    _write_record(options.weights, record)
    return {name: value for name, value in record.items() if name != "scores"}


def record_path(weights: Path) -> Path:
    """Where it is written down how a file of weights was made and how well it does."""
    return weights.with_name(weights.name.removesuffix(".weights.h5") + ".json")


def _write_record(weights: Path, record: dict) -> None:
    path = record_path(weights)
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _evaluate(options: argparse.Namespace) -> dict:
    photos = pets.find_pets(data_dir=options.data_dir)
    model = unet.classic_unet() if options.model == "classic" else unet.light_unet()
    unet.load_weights(model, options.weights)
    scores = unet.evaluate(
        model,
        pets.load_pets(options.split, source=photos),
        data=photos.title(options.split),
        to_pair=partial(pets.to_pair, size=unet.SIZE),
        flips=not options.no_flips,
    )
    summary = scores.summary()
    if options.record:
        record = json.loads(record_path(options.weights).read_text(encoding="utf-8"))
        record["scores"][options.split] = summary | {"flips": not options.no_flips}
        _write_record(options.weights, record)
    return summary


def main(arguments: list[str] | None = None) -> int:
    """`python -m helpers.unet train|evaluate`; the last line printed is one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m helpers.unet", description=unet.__doc__)
    commands = parser.add_subparsers(required=True, metavar="train|evaluate")
    train = commands.add_parser("train", help="train the light U-Net on the train split")
    train.add_argument("--epochs", type=int, default=50, help="default: %(default)s")
    train.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    train.add_argument(
        "--encoder-weights",
        default="imagenet",
        help='"imagenet" (downloads) or a file of keras.applications.MobileNetV2 without its top',
    )
    train.set_defaults(run=_train)
    evaluate = commands.add_parser("evaluate", help="score a split, all pixels in one matrix")
    evaluate.add_argument("--split", choices=list(pets.SPLITS), default="test")
    evaluate.add_argument("--no-flips", action="store_true", help="predict each picture once only")
    evaluate.add_argument(
        "--record", action="store_true", help="add the scores to the JSON file beside the weights"
    )
    evaluate.set_defaults(run=_evaluate)
    for command in (train, evaluate):
        command.add_argument("--model", choices=("light", "classic"), default="light")
        command.add_argument("--data-dir", help="TFDS folder; default: $TFDS_DATA_DIR, then ~")
        command.add_argument(
            "--weights", type=Path, default=unet.WEIGHTS, help="default: the shipped ones"
        )
    options = parser.parse_args(arguments)
    helpers.setup(quiet=True)
    from tensorflow.errors import OpError

    try:
        result = options.run(options)
    except (CourseError, OpError) as error:
        # An error from within a tf.data pipeline carries a traceback; ours is one line in it.
        ours = re.search(r"DataError: (.+)", str(error))
        message = ours[1] if ours else str(error).strip().splitlines()[0]
        print(f"error: {message}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0
