"""The frame of the command lines that train and score networks, and the record of a training.

Introduced with lab 2's U-Net; `python -m tools.recipes.unet`, `street` and `maskrcnn` rest on
it. It rests on `helpers.training` and `helpers.weights`. TensorFlow is imported when a command
runs.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import helpers
from helpers import training, weights
from helpers.environment import available_cpus, version
from helpers.errors import CourseError

if TYPE_CHECKING:
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
    weights.save(model, path)
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
    weights.write_record(path, record | {"scores": {}})
    return record
