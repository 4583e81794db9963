"""Bug: weights loaded silently before a training (lab 2).

A published lab has `model.load_weights(...)` in the cell that builds the model. Its "training from
scratch" starts at the end of another one: the first epoch is as good as the last, and the curves
show nothing. A run that starts from trained weights has to say so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers import unet, weights
from tools.recipes import command

keras = pytest.importorskip("keras")


def wrong(model: keras.Model, path: Path) -> None:
    if path.exists():
        model.load_weights(path)


def right(model: keras.Model, path: Path) -> None:
    weights.load(model, path)


def model(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return unet.classic_unet(8, filters=(2, 3))


def check(load: Callable[[keras.Model, Path], None], folder: Path, printed: Callable) -> None:
    """Loading prints which file and which model; a file that is not there is an error."""
    path = folder / "trained.weights.h5"
    command.save(trained := model(seed=1), path)
    fresh = model(seed=2)
    printed()
    load(fresh, path)
    said = printed()
    loaded, stored = fresh.get_weights()[0], trained.get_weights()[0].astype(np.float16)
    np.testing.assert_array_equal(loaded, stored)
    assert "trained.weights.h5" in said
    assert "does not start from scratch" in said
    try:
        load(fresh, folder / "missing.weights.h5")
    except ValueError as error:
        assert "missing.weights.h5" in str(error)
    else:
        raise AssertionError("a missing file is passed over: the run starts from scratch instead")


def test_the_helper_says_so(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    check(right, tmp_path, lambda: capfd.readouterr().out)


def test_silence_fails(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(AssertionError):
        check(wrong, tmp_path, lambda: capfd.readouterr().out)
