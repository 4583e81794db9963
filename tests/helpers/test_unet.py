"""The U-Nets, their weights and their scores; none of these tests needs a trained network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from helpers import metrics, pets, training, unet
from helpers.errors import ArrayError, DataError, WeightsError

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

SIZE = 64


@pytest.fixture(scope="module")
def light() -> keras.Model:
    return unet.light_unet(SIZE)


@pytest.fixture(scope="module")
def classic() -> keras.Model:
    return unet.classic_unet(SIZE, filters=(4, 6, 8))


@pytest.fixture
def small() -> keras.Model:
    """A new one for each test, which may change it."""
    return unet.classic_unet(16, filters=(4, 6))


def shake(model: keras.Model, seed: int = 0) -> keras.Model:
    """Moves batch normalisation away from the 0 and 1 of a new model, as a training does."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([w + rng.uniform(0.05, 0.3, w.shape) for w in layer.get_weights()])
    return model


def pictures(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 255, (count, size, size, 3)).astype(np.float32)


# --- shapes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["light", "classic"])
def test_logits_of_the_pictures_own_size(name, request):
    model = request.getfixturevalue(name)
    logits = model(pictures(2, SIZE), training=False).numpy()
    assert (logits.shape, logits.dtype) == ((2, SIZE, SIZE, 3), np.float32)
    assert np.isfinite(logits).all()
    assert logits.min() < 0  # logits, not probabilities
    assert not np.allclose(logits.sum(axis=-1), 1, atol=0.1)


@pytest.mark.parametrize("build", [unet.light_unet, unet.classic_unet])
def test_as_many_classes_as_asked_for(build):
    assert build(SIZE, num_classes=5).output_shape == (None, SIZE, SIZE, 5)


@pytest.mark.parametrize("name", ["light", "classic"])
def test_the_answer_follows_the_picture(name, request):
    """Another picture, another answer; and a pixel's answer depends on pixels far from it."""
    model = shake(request.getfixturevalue(name))
    first = pictures(1, SIZE)
    second = first.copy()
    second[:, : SIZE // 4] = 0
    difference = np.abs(model(first, training=False) - model(second, training=False))
    difference = difference.max(axis=(0, 2, 3))
    assert difference[: SIZE // 4].min() > 1e-3
    assert difference[SIZE // 4 + 4] > 0


@pytest.mark.parametrize("build", [unet.light_unet, unet.classic_unet])
def test_a_size_that_cannot_be_halved_often_enough_is_an_error(build):
    with pytest.raises(ValueError, match="size"):
        build(50)


def test_the_encoders_normalisation_keeps_its_statistics_and_the_decoders_learns(light):
    """A batch of 8 must not replace what 1.3 million photos gave."""
    norms = [n for n in light.layers if isinstance(n, keras.layers.BatchNormalization)]
    before = [norm.get_weights() for norm in norms]
    light(pictures(2, SIZE), training=True)
    moved = [
        any((old != new).any() for old, new in zip(weights, norm.get_weights(), strict=True))
        for norm, weights in zip(norms, before, strict=True)
    ]
    assert moved == [norm.trainable for norm in norms]
    assert moved.count(False) > 45  # MobileNetV2's
    assert moved.count(True) > 3


@pytest.mark.parametrize("name", ["light", "classic"])
def test_a_plain_call_predicts_and_changes_nothing(name, request):
    """A layer whose `training` is True by default makes all after it believe the same."""
    model = shake(request.getfixturevalue(name))
    before, images = model.get_weights(), pictures(2, SIZE)
    np.testing.assert_array_equal(model(images), model(images, training=False))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("name", ["light", "classic"])
def test_folding_batch_normalisation_changes_no_answer(name, request):
    model = shake(request.getfixturevalue(name))
    folded = unet.fold_batch_norm(model)
    images = pictures(2, SIZE)
    expected = model(images, training=False).numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras's about another structure of inputs, for one
        found = folded(images).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert not [n for n in folded.layers if isinstance(n, keras.layers.BatchNormalization)]


# --- weights ------------------------------------------------------------------------------------


def test_weights_come_back_and_loading_says_so(small, tmp_path, capsys):
    path = tmp_path / "new folder" / "a.weights.h5"
    saved = shake(small).get_weights()
    unet.save_weights(small, path)
    assert [p.name for p in path.parent.iterdir()] == ["a.weights.h5"]
    other = shake(unet.classic_unet(16, filters=(4, 6)), seed=1)
    capsys.readouterr()
    unet.load_weights(other, path)
    for before, after in zip(saved, other.get_weights(), strict=True):
        np.testing.assert_array_equal(before.astype(np.float16), after)  # as it is stored
    expected = "Loaded weights from a.weights.h5: classic_unet does not start from scratch.\n"
    assert capsys.readouterr().out == expected


def test_a_compiled_models_file_holds_no_optimiser(small, tmp_path):
    """Adam's moments are twice the size of the model, and of no use to who predicts with it."""
    unet.save_weights(small, plain := tmp_path / "plain.weights.h5")
    training.compile_model(small, steps=10)
    small.optimizer.build(small.trainable_variables)
    unet.save_weights(small, compiled := tmp_path / "compiled.weights.h5")
    assert compiled.stat().st_size < 1.2 * plain.stat().st_size
    unet.load_weights(small, plain)


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "empty", "other model", "a folder"])
def test_weights_that_cannot_be_loaded_leave_the_model_as_it_was(small, tmp_path, damage):
    path = tmp_path / "bad.weights.h5"
    unet.save_weights(shake(small), path)
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
        unet.save_weights(unet.classic_unet(16, filters=(4, 7)), path)
    before = shake(small, seed=2).get_weights()
    with pytest.raises(WeightsError, match=r"bad\.weights\.h5: expected .*, found "):
        unet.load_weights(small, path)
    for old, new in zip(before, small.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_damage_in_the_middle_of_a_file_is_noticed_or_harmless(small, tmp_path):
    """HDF5 without checksums: a changed number may pass, but never half a file of them."""
    path = tmp_path / "bad.weights.h5"
    unet.save_weights(shake(small), path)
    whole = bytearray(path.read_bytes())
    whole[200 : len(whole) // 2] = bytes(len(whole) // 2 - 200)
    path.write_bytes(whole)
    before = small.get_weights()
    with pytest.raises(WeightsError, match=r"bad\.weights\.h5"):
        unet.load_weights(small, path)
    for old, new in zip(before, small.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("weights", ["missing", "damaged"])
def test_encoder_weights_that_cannot_be_read_are_named(tmp_path, weights):
    path = tmp_path / "encoder.h5"
    if weights == "damaged":
        path.write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    with pytest.raises(WeightsError, match=r"encoder\.h5: expected .*, found "):
        unet.light_unet(SIZE, encoder_weights=path)


def test_a_folder_that_cannot_be_written_to_is_named(small, tmp_path):
    """A file in place of the folder: also root, who may write anywhere, cannot write there."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"a\.weights\.h5: expected .* can be written to"):
        unet.save_weights(small, tmp_path / "file" / "a.weights.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_another_ending_is_refused_by_name(small, tmp_path):
    with pytest.raises(WeightsError, match=r"a\.h5: expected .*\.weights\.h5"):
        unet.save_weights(small, tmp_path / "a.h5")


@pytest.mark.parametrize("moment", ["while it is written", "before it is renamed"])
def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(
    small, tmp_path, monkeypatch, moment
):
    path = tmp_path / "a.weights.h5"
    unet.save_weights(small, path)
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
        unet.save_weights(shake(small), path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.weights.h5"]
    assert path.read_bytes() == old


# --- predicting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("flips", [False, True])
def test_probabilities_add_up_to_1(light, flips):
    found = unet.predict(shake(light), pictures(2, SIZE), flips=flips)
    assert (found.shape, found.dtype) == ((2, SIZE, SIZE, 3), np.float32)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5)


def test_with_flips_a_mirrored_picture_gives_the_mirrored_answer(light):
    model, images = shake(light), pictures(2, SIZE)
    mirrored = images[:, :, ::-1]

    def difference(flips: bool) -> float:
        first = unet.predict(model, images, flips=flips)
        second = unet.predict(model, mirrored, flips=flips)
        return float(np.abs(first - second[:, :, ::-1]).max())

    assert difference(flips=True) < 1e-5
    assert difference(flips=False) > 1e-3  # so it is the flips that do it


def test_prediction_does_not_depend_on_the_rest_of_the_batch(classic):
    model, images = shake(classic), pictures(4, SIZE)
    alone, together = unet.predict(model, images[:1]), unet.predict(model, images)[:1]
    np.testing.assert_allclose(alone, together, atol=1e-5)


# --- scoring ------------------------------------------------------------------------------------


def colour_model(size: int, offset: float = 0.0) -> keras.Model:
    """Answers with the channel that is brightest: its predictions are known by heart."""
    inputs = keras.Input((size, size, 3))
    return keras.Model(inputs, keras.layers.Rescaling(1.0, offset=offset)(inputs))


def coloured(truth: np.ndarray) -> tf.data.Dataset:
    """(N, H, W) labels as a dataset of pictures in which the brightest channel is the label."""
    images = 255.0 * np.eye(3, dtype=np.float32)[truth]
    names = [f"{number}.png" for number in range(len(truth))]
    return tf.data.Dataset.from_tensor_slices(
        {"image": images, "labels": truth.astype(np.int32), "file_name": names}
    )


def pair(example: dict) -> tuple[tf.Tensor, tf.Tensor]:
    return example["image"], example["labels"]


def test_every_pixel_of_every_picture_is_counted_once(rng):
    truth = rng.integers(0, 3, (5, 8, 8))
    scores = unet.evaluate(
        colour_model(8), coloured(truth), data="made, test", to_pair=pair, batch_size=2
    )
    assert scores.matrices.shape == (5, 3, 3)
    assert scores.file_names == ("0.png", "1.png", "2.png", "3.png", "4.png")
    np.testing.assert_array_equal(scores.matrix.sum(axis=1), np.bincount(truth.ravel()))
    assert scores.summary()["miou"] == 1
    for labels, matrix in zip(truth, scores.matrices, strict=True):
        np.testing.assert_array_equal(matrix, np.diag(np.bincount(labels.ravel(), minlength=3)))


def test_wrong_answers_are_counted_where_they_belong():
    """Truth in rows, prediction in columns: one pixel of class 0 is painted as class 2."""
    truth = np.zeros((1, 8, 8), int)
    painted = truth.copy()
    painted[0, 3, 5] = 2
    dataset = coloured(painted).map(lambda e: e | {"labels": tf.zeros_like(e["labels"])})
    scores = unet.evaluate(colour_model(8), dataset, data="made", to_pair=pair)
    assert scores.matrix.tolist() == [[63, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_a_summary_against_figures_worked_out_by_hand():
    first = np.array([[4, 1, 0], [1, 3, 1], [0, 0, 6]])
    second = np.array([[2, 0, 0], [0, 4, 0], [0, 2, 8]])
    scores = unet.Scores("toy, test, 2 images", np.stack([first, second]), ("a", "b"))
    found = scores.summary()
    assert list(found) == [
        "data", "images", "miou", "per_class_iou", "accuracy", "dice", "miou_ci95"
    ]  # fmt: skip
    # Both together: [[6, 1, 0], [1, 7, 1], [0, 2, 14]].
    iou = [6 / 8, 7 / 12, 14 / 17]
    assert found["data"] == "toy, test, 2 images"
    assert found["images"] == 2
    assert found["per_class_iou"] == [round(v, 4) for v in iou]
    assert found["miou"] == round(sum(iou) / 3, 4)
    assert found["accuracy"] == round(27 / 32, 4)
    assert found["dice"] == round((12 / 14 + 14 / 19 + 28 / 31) / 3, 4)
    # The bootstrap of two pictures draws each alone now and then, and never anything beyond.
    alone = sorted(float(metrics.mean_iou(each)) for each in (first, second))
    assert found["miou_ci95"] == pytest.approx(alone, abs=1e-4)
    json.dumps(found)


def test_a_class_that_occurs_nowhere_is_valid_json():
    """NaN is not JSON: `json.loads` of other languages stops there."""
    scores = unet.Scores("made", np.array([[[5, 1, 0], [2, 7, 0], [0, 0, 0]]]), ("a",))
    text = json.dumps(scores.summary())
    assert "NaN" not in text
    assert json.loads(text)["per_class_iou"][2] is None


def test_an_empty_dataset_is_an_error(rng):
    dataset = coloured(rng.integers(0, 3, (2, 8, 8))).take(0)
    with pytest.raises(DataError, match="made, test: expected at least one image, found none"):
        unet.evaluate(colour_model(8), dataset, data="made, test", to_pair=pair)


def test_nan_names_the_picture(rng):
    def spoil(example: dict) -> dict:
        bad = example["file_name"] == "3.png"
        return example | {"image": tf.where(bad, np.float32("nan"), example["image"])}

    dataset = coloured(rng.integers(0, 3, (5, 8, 8))).map(spoil)
    with pytest.raises(ArrayError, match=r"model output: expected numbers, found NaN.* 3\.png"):
        unet.evaluate(colour_model(8), dataset, data="made", to_pair=pair, batch_size=2)


# --- command line -------------------------------------------------------------------------------

KEYS = {"data", "images", "miou", "per_class_iou", "accuracy", "dice", "miou_ci95"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "random.weights.h5"
    unet.save_weights(unet.light_unet(), path)
    return path


def shell(root: Path, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "helpers.unet", *map(str, arguments)]
    return subprocess.run(
        command, cwd=root, capture_output=True, encoding="utf-8", check=False, timeout=170
    )


def test_evaluate_from_the_shell(root, make_pets, weights):
    done = shell(root, "evaluate", "--data-dir", make_pets(), "--weights", weights)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "Using Oxford-IIIT Pet (photos): 8 train, 2 validation, 4 test." in lines
    assert any(line.startswith("Loaded weights from random.weights.h5") for line in lines)
    found = json.loads(lines[-1])
    assert found.keys() == KEYS
    assert (found["data"], found["images"]) == ("Oxford-IIIT Pet (photos), test, 4 images", 4)
    assert 0 <= found["miou_ci95"][0] <= found["miou"] <= found["miou_ci95"][1] <= 1
    assert len(found["per_class_iou"]) == 3


def test_an_error_from_the_shell_is_one_line(root, tmp_path):
    done = shell(root, "evaluate", "--data-dir", tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: {tmp_path}: expected oxford_iiit_pet/")


def evaluate_here(*arguments: object) -> int:
    return training.main(["evaluate", *map(str, arguments)])


def test_a_damaged_picture_is_one_line_too(make_pets, pets_test, weights, capsys):
    bad = pets_test[1].but(image=pets_test[1].image[:300])
    data = make_pets(test=[pets_test[0], bad])
    assert evaluate_here("--data-dir", data, "--weights", weights) == 1
    error = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert error == [
        "error: image of Pet_11.jpg: expected a whole JPEG or PNG, found 300 bytes that do not "
        "decode. The data set is damaged: prepare it again."
    ]


def test_missing_weights_are_one_line_too(make_pets, tmp_path, capsys):
    missing = tmp_path / "no.weights.h5"
    assert evaluate_here("--data-dir", make_pets(), "--weights", missing) == 1
    assert capsys.readouterr().err.startswith(f"error: {missing}: expected a file of weights")


def test_a_split_of_another_name_is_refused(capsys):
    with pytest.raises(SystemExit) as error:
        evaluate_here("--split", "all")
    assert error.value.code == 2
    assert "train" in capsys.readouterr().err


def test_evaluate_scores_what_it_is_given(make_pets, weights, capsys):
    """The command's figures are those of the library, on the split that was asked for."""
    data = make_pets()
    assert evaluate_here("--data-dir", data, "--weights", weights, "--split", "train") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    model = unet.light_unet()
    unet.load_weights(model, weights)
    scores = unet.evaluate(
        model,
        pets.load_pets("train", data_dir=data),
        data="Oxford-IIIT Pet (photos), train, 8 images",
        to_pair=partial(pets.to_pair, size=unet.SIZE),
        flips=True,
    )
    assert found == scores.summary()
