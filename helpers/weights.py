"""Weights of a network in a file, and beside it the record of how they were made.

Introduced in lab 2, where a training that silently starts from old weights is one of the bugs to
spot; labs 4 and 5 load theirs in the same way. `tools.recipes.command` writes both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import fetch
from helpers.errors import DataError, WeightsError
from helpers.files import read_json

if TYPE_CHECKING:
    import keras


def load(model: keras.Model, path: str | os.PathLike) -> None:
    """Load weights and print that, so that no run starts from trained weights unnoticed.

    A file that is missing, damaged or made for another model is a `WeightsError`, and the model
    keeps the weights that it has.

    >>> from helpers import unet
    >>> load(unet.light_unet(), unet.WEIGHTS)
    Loaded weights from unet_pets.weights.h5: light_unet does not start from scratch.
    """
    path = fetch(Path(path))
    if not path.is_file():
        do = "The record beside shipped weights has the command that makes them."
        expected = "a file of weights (.weights.h5)"
        raise WeightsError(str(path), expected=expected, found="no such file", do=do)
    before = model.get_weights()
    try:
        model.load_weights(path)
    except Exception as error:  # Keras and h5py raise anything for a damaged file
        model.set_weights(before)  # some layers may have been read before the error
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        expected = f"whole weights of {model.name} ({model.count_params():,} numbers)"
        raise WeightsError(str(path), expected=expected, found=found) from error
    print(f"Loaded weights from {path.name}: {model.name} does not start from scratch.")


def record_path(path: str | os.PathLike) -> Path:
    """Path of the record of how weights or a SavedModel were made and how well they score."""
    path = Path(path)
    return path.with_name(path.name.removesuffix(".weights.h5") + ".json")


def read_record(path: str | os.PathLike) -> dict:
    """The record beside a file of weights; a `WeightsError` where there is none.

    >>> from helpers import unet
    >>> read_record(unet.WEIGHTS)["command"].split()[:3]
    ['python', '-m', 'tools.recipes.unet']
    """
    record = record_path(path)
    try:
        found = read_json(record, f"the record of {Path(path).name}, which the training writes")
    except DataError as error:
        raise WeightsError(str(error)) from error
    if not isinstance(found, dict):
        raise WeightsError(str(record), expected="a JSON object", found=repr(found)[:40])
    return found


@contextmanager
def reading_encoder(source: str | os.PathLike | None) -> Iterator[None]:
    """Raise a `WeightsError` for whatever fails while MobileNetV2's weights are read."""
    if source not in (None, "imagenet") and not Path(source).is_file():
        do = 'Give the file\'s path, or "imagenet" where there is a network.'
        raise WeightsError(str(source), expected="weights", found="no such file", do=do)
    try:
        yield
    except Exception as error:  # from a failed download to weights of another shape
        if source is None:
            raise
        do = "Without a network: give `encoder_weights` (--encoder-weights) a local file."
        found = f"{type(error).__name__}: {error}"
        expected = "ImageNet weights of MobileNetV2 without its top"
        raise WeightsError(str(source), expected=expected, found=found, do=do) from error
