"""Files of weights: written whole, loaded whole, and never silently."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from helpers import training, unet, weights
from helpers.errors import WeightsError
from tests.helpers.made import shake
from tools.recipes import command

keras = pytest.importorskip("keras")


@pytest.fixture
def small() -> keras.Model:
    """A new one for each test, which may change it."""
    return unet.classic_unet(16, filters=(4, 6))


def test_weights_come_back_and_loading_says_so(small, tmp_path, capsys):
    path = tmp_path / "new folder" / "a.weights.h5"
    saved = shake(small).get_weights()
    command.save(small, path)
    assert [p.name for p in path.parent.iterdir()] == ["a.weights.h5"]
    other = shake(unet.classic_unet(16, filters=(4, 6)), seed=1)
    capsys.readouterr()
    weights.load(other, path)
    for before, after in zip(saved, other.get_weights(), strict=True):
        np.testing.assert_array_equal(before.astype(np.float16), after)  # as it is stored
    expected = "Loaded weights from a.weights.h5: classic_unet does not start from scratch.\n"
    assert capsys.readouterr().out == expected


def test_a_compiled_models_file_holds_no_optimiser(small, tmp_path):
    """Adam's moments are twice the size of the model, and of no use to who predicts with it."""
    command.save(small, plain := tmp_path / "plain.weights.h5")
    training.compile_model(small, steps=10)
    small.optimizer.build(small.trainable_variables)
    command.save(small, compiled := tmp_path / "compiled.weights.h5")
    assert compiled.stat().st_size < 1.2 * plain.stat().st_size
    weights.load(small, plain)


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "empty", "other model", "a folder"])
def test_weights_that_cannot_be_loaded_leave_the_model_as_it_was(small, tmp_path, damage):
    path = tmp_path / "bad.weights.h5"
    command.save(shake(small), path)
    whole = path.read_bytes()
    if damage in ("missing", "a folder"):
        path.unlink()
    if damage == "a folder":
        path.mkdir()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    if damage == "text":
        path.write_text("weights", encoding="utf-8")
    if damage == "empty":
        path.write_bytes(b"")
    if damage == "other model":  # as many layers, but other sizes from the second level on
        command.save(unet.classic_unet(16, filters=(4, 7)), path)
    before = shake(small, seed=2).get_weights()
    with pytest.raises(WeightsError, match=r"bad\.weights\.h5: expected .*, found "):
        weights.load(small, path)
    for old, new in zip(before, small.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_damage_in_the_middle_of_a_file_is_noticed_or_harmless(small, tmp_path):
    """HDF5 without checksums: a changed number may pass, but never half a file of them."""
    path = tmp_path / "bad.weights.h5"
    command.save(shake(small), path)
    whole = bytearray(path.read_bytes())
    whole[200 : len(whole) // 2] = bytes(len(whole) // 2 - 200)
    path.write_bytes(whole)
    before = small.get_weights()
    with pytest.raises(WeightsError, match=r"bad\.weights\.h5"):
        weights.load(small, path)
    for old, new in zip(before, small.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_folder_that_cannot_be_written_to_is_named(small, tmp_path):
    """A file in place of the folder: also root, who may write anywhere, cannot write there."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"a\.weights\.h5: expected .* can be written to"):
        command.save(small, tmp_path / "file" / "a.weights.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_another_ending_is_refused_by_name(small, tmp_path):
    with pytest.raises(WeightsError, match=r"a\.h5: expected .*\.weights\.h5"):
        command.save(small, tmp_path / "a.h5")


@pytest.mark.parametrize("moment", ["while it is written", "before it is renamed"])
def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(
    small, tmp_path, monkeypatch, moment
):
    path = tmp_path / "a.weights.h5"
    command.save(small, path)
    old = path.read_bytes()

    def write_half(model: keras.Model, name: Path) -> None:
        Path(name).write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    def do_not_rename(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    if moment.startswith("while"):
        monkeypatch.setattr(keras.Model, "save_weights", write_half)
    else:
        monkeypatch.setattr(os, "replace", do_not_rename)
    with pytest.raises(WeightsError, match="No space left on device"):
        command.save(shake(small), path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.weights.h5"]
    assert path.read_bytes() == old
