"""Weights of a network in a file, and beside it the record of how they were made.

Introduced in lab 2, where a training that silently starts from old weights is one of the bugs to
spot; labs 4 and 5 keep their weights in the same way. Rests on Keras and on its `.weights.h5`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers import fetch, files
from helpers.errors import WeightsError, explain

if TYPE_CHECKING:
    import h5py
    import keras


def check_destination(path: str | os.PathLike) -> None:
    """Raises `WeightsError` unless weights can be written to `path`; leaves nothing there."""
    path = Path(path)
    if not path.name.endswith(".weights.h5"):
        expected = "a name that ends in .weights.h5"
        raise WeightsError(explain(str(path), expected=expected, found=path.name))
    check_parent(path, "a file name in a folder that can be written to")


def check_parent(path: Path, expected: str) -> None:
    """Raises `WeightsError` unless something can be written beside `path`; leaves nothing there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise WeightsError(explain(str(path), expected=expected, found=str(error))) from error


@contextmanager
def reading_encoder(source: str | os.PathLike | None) -> Iterator[None]:
    """Round the reading of MobileNetV2's weights: whatever fails in it is named.

    Args:
        source: None for random weights, "imagenet" to download them, or a file.

    Raises:
        WeightsError: the file is missing, or the weights cannot be read.
    """
    if source not in (None, "imagenet") and not Path(source).is_file():
        do = 'Give the file\'s path, or "imagenet" where there is a network.'
        raise WeightsError(explain(str(source), expected="weights", found="no such file", do=do))
    try:
        yield
    except Exception as error:
        if source is None:
            raise
        do = "Without a network: give `encoder_weights` (--encoder-weights) a local file."
        found = f"{type(error).__name__}: {error}"
        expected = "ImageNet weights of MobileNetV2 without its top"
        raise WeightsError(explain(str(source), expected=expected, found=found, do=do)) from error


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
        raise WeightsError(explain(str(path), expected=expected, found=str(error))) from error
    finally:
        whole.unlink(missing_ok=True)
        half.unlink(missing_ok=True)


def load(model: keras.Model, path: str | os.PathLike) -> None:
    """Loads weights and says so: a run that starts from trained weights must not look like one
    that starts from none.

    Raises:
        WeightsError: no such file, a damaged one, or one made for another model.
    """
    path = fetch(Path(path))
    if not path.is_file():
        do = "The record beside shipped weights has the command that makes them."
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


def record_path(path: str | os.PathLike) -> Path:
    """Where it is written down how weights or a SavedModel were made and how well they do."""
    path = Path(path)
    return path.with_name(path.name.removesuffix(".weights.h5") + ".json")


def read_record(path: str | os.PathLike) -> dict:
    """The record beside a file of weights.

    Raises:
        WeightsError: there is none, or it is no JSON object.
    """
    record = record_path(path)
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        expected = f"the record of {Path(path).name}, which the training writes"
        raise WeightsError(explain(str(record), expected=expected, found=str(error))) from error
    if not isinstance(found, dict):
        raise WeightsError(explain(str(record), expected="a JSON object", found=repr(found)[:40]))
    return found


def write_record(path: str | os.PathLike, record: dict) -> None:
    """Writes the record beside a file of weights, whole or not at all."""
    files.write_text(record_path(path), json.dumps(record, indent=1) + "\n")


def record_scores(path: str | os.PathLike, split: str, scores: dict) -> None:
    """Adds what an evaluation gave, or replaces it, in the record beside a file of weights.

    Raises:
        WeightsError: there is no record.
    """
    record = read_record(path)
    record["scores"][split] = scores
    write_record(path, record)
