"""`python -m tools.recipes.street train|evaluate`: the scene networks of lab 5 from the shell.

The same steps as the lab describes, with a record of how the weights were made. Rests on
`helpers.street`, `helpers.training`, `helpers.augmentation` and `tools.recipes.command`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from helpers import augmentation, metrics, street, training, weights
from tools.recipes import command

MOTION = augmentation.Motion(zoom=(-0.5, 0.0), angle=0.06, paste=0.0)
"""Cameras stand upright, and streets are no puzzles."""

LOSSES = {"combined": training.combined_loss, "boundary": training.boundary_loss()}


def _train(options: argparse.Namespace) -> dict:
    import keras
    import tensorflow as tf

    weights.check_destination(options.weights)  # now, not after minutes of training
    keras.utils.set_random_seed(options.seed)
    build = street.MODELS[options.model]
    model = build(street.CROP, encoder_weights=None if options.initial else options.encoder_weights)
    if options.initial:
        weights.load(model, options.initial)
    augment = augmentation.augmenter(street.CROP, options.seed, MOTION)

    def changed(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return augment(tf.cast(images, tf.float32), tf.cast(labels, tf.int32))

    def small(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Validation in the size that is trained; the whole picture is for `evaluate`.
        images = tf.image.resize(images, street.CROP, antialias=True)
        labels = tf.image.resize(labels[..., None], street.CROP, method="nearest")[..., 0]
        return images, tf.cast(labels, tf.int32)

    train = training.batches(
        street.load("train"),
        _pair,  # as bytes: the cache holds a quarter of what floats would take
        batch_size=options.batch_size,
        augment=changed,
        seed=options.seed,
    )
    validation = training.batches(street.load("val"), lambda e: small(*_pair(e)), batch_size=16)
    steps = options.epochs * int(train.cardinality())
    training.compile_model(
        model,
        steps=steps,
        learning_rate=options.learning_rate,
        loss=LOSSES[options.loss],
        averaging=options.averaging,
    )
    initial = f" --initial {options.initial.name}" if options.initial else ""
    return command.train(
        model,
        train,
        validation,
        epochs=options.epochs,
        run_name=f"{model.name}-{options.weights.stem}-{options.loss}-{options.epochs}-"
        f"{options.seed}",
        path=options.weights,
        about={
            "command": f"python -m tools.recipes.street train --model {options.model} --epochs "
            f"{options.epochs} --batch-size {options.batch_size} --learning-rate "
            f"{options.learning_rate} --averaging {options.averaging} --loss {options.loss} "
            f"--seed {options.seed}{initial}",
            "data": f"Kerbside (rendered), train, {len(street.load('train'))} stills",
            "steps": steps,
        },
    )


def _pair(example: dict) -> tuple:
    import tensorflow as tf

    return (
        tf.ensure_shape(example["image"], (*street.SIZE, 3)),
        tf.ensure_shape(example["labels"], street.SIZE),
    )


def _evaluate(options: argparse.Namespace) -> dict:
    model = street.MODELS[options.model](street.SIZE)
    weights.load(model, options.weights)
    stills = street.load(options.split)
    found = street.answer(model, stills)
    start = time.monotonic()
    street.answer(model, stills.take(32))
    seconds = time.monotonic() - start
    summary = found.scores(f"Kerbside (rendered), {options.split}, {len(stills)} stills").summary()
    each = street.boundary_scores(found.truth, found.labels, "vehicle")
    low, high = metrics.bootstrap_mean(each)
    summary |= {
        "classes": list(street.CLASSES),
        "vehicle_boundary_iou": round(float(each.mean()), 4),
        "vehicle_boundary_iou_ci95": [round(low, 4), round(high, 4)],
        "boundary_band_pixels": street.BAND,
        "stills_per_second": round(32 / seconds, 1),
    }
    if options.record:
        weights.record_scores(options.weights, options.split, summary)
    return summary


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; the last line printed is one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.recipes.street", description=street.__doc__.split("\n\n")[0]
    )
    verbs = parser.add_subparsers(required=True, metavar="train|evaluate")
    train = verbs.add_parser("train", help="train on the train split of Kerbside")
    train.add_argument("--epochs", type=int, default=8, help="default: %(default)s")
    train.add_argument("--batch-size", type=int, default=8, help="default: %(default)s")
    train.add_argument("--learning-rate", type=float, default=1.5e-3, help="default: %(default)s")
    train.add_argument(
        "--averaging",
        type=float,
        default=0.99,
        help="of the weights over steps, less for a short training; default: %(default)s",
    )
    train.add_argument("--loss", choices=list(LOSSES), default="combined")
    train.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    train.add_argument("--initial", type=Path, help="begin with these weights (fine-tuning)")
    train.add_argument(
        "--encoder-weights",
        default="imagenet",
        help='"imagenet" (downloads) or a file of keras.applications.MobileNetV2 without its top',
    )
    train.set_defaults(run=_train)
    evaluate = verbs.add_parser("evaluate", help="score a split, all pixels in one matrix")
    evaluate.add_argument("--split", choices=street.SPLITS, default="test")
    evaluate.add_argument(
        "--record", action="store_true", help="add the scores to the JSON file beside the weights"
    )
    evaluate.set_defaults(run=_evaluate)
    for verb in (train, evaluate):
        verb.add_argument("--model", choices=list(street.MODELS), default="unet")
        verb.add_argument(
            "--weights", type=Path, default=street.WEIGHTS, help="default: the shipped ones"
        )
    return command.run(parser, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
