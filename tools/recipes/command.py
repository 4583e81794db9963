"""The frame of the command lines that train and score networks, and the record of a training.

Introduced with lab 2's U-Net; `python -m tools.recipes.unet`, `street` and `maskrcnn` rest on
it. It rests on `helpers.training` and `helpers.weights`. TensorFlow is imported when a command
runs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
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


def run(parser: argparse.ArgumentParser, arguments: list[str] | None = None) -> int:
    """Runs the command that `arguments` name; the last line printed is one JSON object.

    Args:
        parser: each of its commands sets `run`, a function from the options to a dict.
        arguments: by default those of the process.

    Returns:
        0, or 1 after an error, which is one line on standard error.
    """
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


def training_options(parser: argparse.ArgumentParser, **defaults: float) -> None:
    """Adds the options that all trainings have.

    Args:
        parser: of the command `train`.
        defaults: for each option that takes a number, `batch_size=8` for --batch-size; its type is
            the number's.
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


def evaluation_options(parser: argparse.ArgumentParser, splits: Iterable[str]) -> None:
    """Adds --split, one of `splits`, and --record, as all evaluations have them."""
    parser.add_argument("--split", choices=tuple(splits), default="test")
    parser.add_argument(
        "--record", action="store_true", help="add the scores to the JSON file beside the weights"
    )


def train(
    model: keras.Model,
    batches: tf.data.Dataset,
    validation: tf.data.Dataset,
    *,
    epochs: int,
    run_name: str,
    path: Path,
    about: dict,
) -> dict:
    """Trains a compiled model, saves its weights and writes the record of how they were made.

    Args:
        model: as `training.compile_model` leaves it.
        batches: to train on, (B, H, W, 3) and (B, H, W).
        validation: the same, to watch.
        epochs: how often to see all of them.
        run_name: of the folder in `BACKUPS` from which an interrupted training goes on.
        path: of the weights; the record lies beside them.
        about: what the record begins with: the command, the data.

    Returns:
        The record, without the scores that are still to come.
    """
    start, cpu_start = time.monotonic(), time.process_time()
    history = training.fit(model, batches, validation, epochs=epochs, backup=BACKUPS / run_name)
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
    """Raises `WeightsError` unless weights can be written to `path`; leaves nothing there."""
    path = Path(path)
    if not path.name.endswith(".weights.h5"):
        expected = "a name that ends in .weights.h5"
        raise WeightsError(str(path), expected=expected, found=path.name)
    check_parent(path, "a file name in a folder that can be written to")


def check_parent(path: Path, expected: str) -> None:
    """Raises `WeightsError` unless something can be written beside `path`; leaves nothing there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise WeightsError(str(path), expected=expected, found=str(error)) from error


def save(model: keras.Model, path: str | os.PathLike) -> None:
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
        raise WeightsError(str(path), expected=expected, found=str(error)) from error
    finally:
        whole.unlink(missing_ok=True)
        half.unlink(missing_ok=True)


def write_record(path: str | os.PathLike, record: dict) -> None:
    """Writes the record beside a file of weights, whole or not at all."""
    files.write_text(weights.record_path(path), json.dumps(record, indent=1) + "\n")


def record_scores(path: str | os.PathLike, split: str, scores: dict) -> None:
    """Adds what an evaluation gave, or replaces it, in the record beside a file of weights.

    Raises:
        WeightsError: there is no record.
    """
    record = weights.read_record(path)
    record["scores"][split] = scores
    write_record(path, record)
