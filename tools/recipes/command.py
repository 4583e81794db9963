"""Shared parts of the commands that train and score networks, and the record of a training run.

Introduced with the U-Net of lab 2; used by `python -m tools.recipes.unet`, `street` and `maskrcnn`.
Rests on `helpers.training` and `helpers.weights`. TensorFlow is imported when a command runs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import helpers
from helpers import files, training, weights
from helpers.environment import available_cpus, version
from helpers.errors import CourseError, WeightsError

if TYPE_CHECKING:
    import h5py
    import keras
    import tensorflow as tf

BACKUPS = helpers.BUILD / "backups"
"""Where an interrupted training leaves its state, a folder for each run."""

WEIGHTS = helpers.BUILD / "weights"
"""Default output folder of training; labs and tests rest on the shipped weights, elsewhere."""

KERBSIDE = "Kerbside: CC BY 4.0"
ENCODER = "MobileNetV2 on ImageNet, the initial weights: Apache-2.0"


def run(parser: argparse.ArgumentParser, arguments: list[str] | None = None) -> int:
    """Run the command named in `arguments`; the last line printed is one JSON object.

    Args:
        parser: Parser each of whose commands sets `run`, a function from the options to a dict.
        arguments: Command-line arguments; by default those of the process.

    Returns:
        0, or 1 after an error, which prints one line to standard error.
    """
    options = parser.parse_args(arguments)
    helpers.setup(quiet=True)
    try:
        result = options.run(options)
    except Exception as error:
        tf = sys.modules.get("tensorflow")  # importing it for its errors alone takes seconds
        if not isinstance(error, (CourseError, tf.errors.OpError) if tf else CourseError):
            raise
        # An error from within a tf.data pipeline carries a traceback; ours is one line in it.
        ours = re.search(r"DataError: (.+)", str(error))
        message = ours[1] if ours else str(error).strip().partition("\n")[0]
        print(f"error: {message}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


def training_options(parser: argparse.ArgumentParser, **defaults: float) -> None:
    """Add the options common to all training commands.

    Args:
        parser: Parser of the command `train`.
        defaults: Default of each numeric option, `batch_size=8` for --batch-size; it also sets the
            type.
    """
    for name, value in defaults.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(value), default=value, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument(
        "--encoder-weights",
        default="imagenet",
        help='"imagenet" (downloads), "none", or a file of keras.applications.MobileNetV2 without '
        "its top; default: %(default)s",
        type=lambda text: None if text == "none" else text,
    )
    parser.add_argument("--initial", type=Path, help="initial weights (fine-tuning)")


def weights_options(
    train: argparse.ArgumentParser, *readers: argparse.ArgumentParser, shipped: Path
) -> None:
    """Add --weights: to `train` the file that it writes, to `readers` the one that they read."""
    written = WEIGHTS / shipped.name
    for parser, path in ((train, written), *((reader, shipped) for reader in readers)):
        parser.add_argument("--weights", type=Path, default=path, help="default: %(default)s")


def evaluation_options(parser: argparse.ArgumentParser, splits: Iterable[str]) -> None:
    """Add the options common to all evaluations: --split, one of `splits`, and --record."""
    parser.add_argument("--split", choices=tuple(splits), default="test")
    parser.add_argument(
        "--record", action="store_true", help="add the scores to the JSON file beside the weights"
    )


def line(program: str, **options: object) -> str:
    """Command line that repeats a run, with files named without their folders.

    Args:
        program: Its beginning.
        options: Value, or values, of each option, `batch_size=8` for --batch-size. True gives a
            flag; None, False and an empty sequence leave the option out.
    """
    words = [program]
    for name, value in options.items():
        values = value if isinstance(value, list | tuple) else [value]
        if value is None or value is False or not values:
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words += [each.name if isinstance(each, Path) else str(each) for each in values]
    return " ".join(words)


def load_initial(model: keras.Model, path: Path | None) -> dict:
    """Load weights to fine-tune, if there are any; returns the record's entry about them."""
    if path is None:
        return {}
    weights.load(model, path)
    return {"began_with": weights.read_record(path)}


def train(
    model: keras.Model,
    batches: tf.data.Dataset,
    validation: tf.data.Dataset,
    *,
    epochs: int,
    path: Path,
    about: dict,
    encoder: str | None = None,
) -> dict:
    """Train a compiled model, save its weights and write their record.

    Args:
        model: Model compiled by `training.compile_model`.
        batches: Training batches, (B, H, W, 3) and (B, H, W).
        validation: Validation batches of the same form.
        epochs: Number of passes over the training data.
        path: Weights file; the record is written beside it.
        about: First entries of the record: the command, the data. An interrupted training goes on
            if it is repeated with the same ones and the same `path`, and starts anew otherwise.
        encoder: --encoder-weights, compared as well: `about` names a file without its folder.

    Returns:
        The record, still without scores.
    """
    start, cpu_start = time.monotonic(), time.process_time()
    same = json.dumps([str(path.resolve()), encoder, about]).encode()
    backup = BACKUPS / f"{model.name}-{zlib.crc32(same):08x}"
    history = training.fit(model, batches, validation, epochs=epochs, backup=backup)
    save(model, path)
    record = {
        **about,
        "seconds": round(time.monotonic() - start, 1),
        "cpu_seconds": round(time.process_time() - cpu_start, 1),
        "cpus": available_cpus(),
        "parameters": model.count_params(),
        "tensorflow": version("tensorflow"),
        "keras": version("keras"),
        "val_miou_by_epoch": [round(value, 4) for value in history.get("val_miou", [])],
    }
    write_record(path, record | {"scores": {}})
    return record


# --- files of weights and their records ---------------------------------------------------------


def check_destination(path: str | os.PathLike) -> None:
    """Raise `WeightsError` unless weights can be written to `path`; leaves no file behind."""
    path = Path(path)
    if not path.name.endswith(".weights.h5"):
        expected = "a name that ends in .weights.h5"
        raise WeightsError(str(path), expected=expected, found=path.name)
    check_parent(path, "a file name in a folder that can be written to")


def check_parent(path: Path, expected: str) -> None:
    """Raise `WeightsError` unless a file can be written beside `path`; leaves none behind."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise WeightsError(str(path), expected=expected, found=str(error)) from error


def save(model: keras.Model, path: str | os.PathLike) -> None:
    """Write the weights of a model as `.weights.h5` of Keras, atomically.

    The values are stored with 16 bits each: half the size, and scores differ in the fourth digit at
    most.

    Raises:
        WeightsError: The folder is not writable.
    """
    import h5py
    import keras

    check_destination(path)
    path = Path(path)

    def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            small = item.astype("float16") if item.dtype == np.float32 else item
            target.create_dataset(name, data=small[()])
        else:
            target.require_group(name).attrs.update(item.attrs)

    try:
        with tempfile.TemporaryDirectory() as folder, files.whole(path) as half:
            # As a model that was never compiled: Adam's state would be twice the size of the model.
            whole = Path(folder, "whole.weights.h5")
            keras.Model(model.input, model.output).save_weights(whole)
            with h5py.File(whole) as source, h5py.File(half, "w") as target:
                source.visititems(copy)
    except OSError as error:
        expected = "a file name in a folder that can be written to"
        raise WeightsError(str(path), expected=expected, found=str(error)) from error


def write_record(path: str | os.PathLike, record: dict) -> None:
    """Write the record beside a weights file, atomically."""
    files.write_text(weights.record_path(path), json.dumps(record, indent=1) + "\n")


def record_scores(path: str | os.PathLike, split: str, scores: dict) -> None:
    """Add or replace the result of an evaluation in the record beside a weights file.

    Raises:
        WeightsError: There is no record.
    """
    record = weights.read_record(path)
    record["scores"][split] = scores
    write_record(path, record)
