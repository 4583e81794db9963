"""`python -m tools.recipes.unet`, mostly with a network small enough to be built in a second."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from helpers import pets, segmentation, training, unet, weights
from tools.recipes import command
from tools.recipes import unet as unet_cli
from tools.recipes.scores import evaluate

keras = pytest.importorskip("keras")

KEYS = {"data", "images", "miou", "per_class_iou", "accuracy", "dice", "miou_ci95"}


light_unet = unet.light_unet


def small_light_unet(
    size: int | tuple[int, int] = unet.SIZE, classes: int = 3, **options: object
) -> keras.Model:
    """In place of the light U-Net, of which each scale takes seconds to build and to trace."""
    assert options.keys() <= {"encoder_weights", "enlarge"}
    side = size if isinstance(size, int) else size[0]
    return unet.classic_unet(side, filters=(3,), num_classes=classes)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unet, "light_unet", small_light_unet)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "random.weights.h5"
    keras.utils.set_random_seed(0)
    command.save(small_light_unet(), path)
    return path


def test_an_error_from_the_shell_is_one_line(root, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tools.recipes.unet", "evaluate", "--data-dir", str(tmp_path)],
        cwd=root, capture_output=True, encoding="utf-8", check=False, timeout=170,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: {tmp_path}: expected oxford_iiit_pet/")


def evaluate_here(*arguments: object) -> int:
    return unet_cli.main(["evaluate", *map(str, arguments)])


def test_a_damaged_picture_is_one_line_too(make_pets, pets_test, trained, capsys):
    bad = pets_test[1].but(image=pets_test[1].image[:300])
    data = make_pets(test=[pets_test[0], bad])
    assert evaluate_here("--data-dir", data, "--weights", trained, "--single-view") == 1
    error = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    (line,) = error
    assert line.endswith("The data set is damaged: prepare it again.")
    assert "expected a JPEG or PNG, found 300 bytes that cannot be decoded" in line


def test_missing_weights_are_one_line_too(make_pets, tmp_path, capsys):
    missing = tmp_path / "no.weights.h5"
    assert evaluate_here("--data-dir", make_pets(), "--weights", missing) == 1
    assert capsys.readouterr().err.startswith(f"error: {missing}: expected a file of weights")


def test_a_split_of_another_name_is_refused(capsys):
    with pytest.raises(SystemExit) as error:
        evaluate_here("--split", "all")
    assert error.value.code == 2
    assert "train" in capsys.readouterr().err


def test_evaluate_says_what_it_used_and_ends_with_json(make_pets, tmp_path, monkeypatch, capsys):
    """With the light U-Net itself."""
    monkeypatch.setattr(unet, "light_unet", light_unet)
    path = tmp_path / "random.weights.h5"
    command.save(unet.light_unet(), path)
    assert evaluate_here("--data-dir", make_pets(), "--weights", path, "--single-view") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Using Oxford-IIIT Pet (photos): 8 train, 2 validation, 4 test." in lines
    assert any(line.startswith("Loaded weights from random.weights.h5") for line in lines)
    found = json.loads(lines[-1])
    assert found.keys() == KEYS
    assert (found["data"], found["images"]) == ("Oxford-IIIT Pet (photos), test, 4 images", 4)
    assert 0 <= found["miou_ci95"][0] <= found["miou"] <= found["miou_ci95"][1] <= 1
    assert len(found["per_class_iou"]) == 3


@pytest.mark.parametrize("many", [True, False])
def test_evaluate_scores_what_it_is_given(make_pets, trained, monkeypatch, capsys, many):
    """The command's figures are those of the library, on the split that was asked for."""
    at_scales, built = unet_cli.at_scales, []
    monkeypatch.setattr(unet_cli, "at_scales", lambda each: built.append(each) or at_scales(each))
    data = make_pets()
    views = [] if many else ["--single-view"]
    assert evaluate_here("--data-dir", data, "--weights", trained, "--split", "train", *views) == 0
    assert len(built) == many
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    model = unet.light_unet()
    weights.load(model, trained)
    scores = evaluate(
        at_scales(model) if many else model,
        pets.load_pets("train", pets.find_pets(data_dir=data)),
        data="Oxford-IIIT Pet (photos), train, 8 images",
        to_pair=partial(pets.to_pair, size=unet.SIZE),
        flips=many,
    )
    assert found == scores.summary()


def train_here(*arguments: object) -> int:
    return unet_cli.main(["train", "--epochs", "1", *map(str, arguments)])


def test_train_writes_weights_and_a_record_that_evaluate_goes_on_with(
    make_pets, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "BACKUPS", tmp_path / "backups")
    data, path = make_pets(), tmp_path / "out" / "new.weights.h5"
    assert train_here("--data-dir", data, "--weights", path, "--seed", "3") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["data"] == "Oxford-IIIT Pet (photos), train, 8 images"
    assert (found["epochs"], found["seed"]) == (1, 3)
    assert "--epochs 1 --learning-rate 0.0007 --seed 3" in found["command"]
    assert found["command"].endswith("--encoder-weights imagenet")
    [miou] = found["val_miou_by_epoch"]
    assert 0 <= miou <= 1
    assert sorted(path.name for path in path.parent.iterdir()) == ["new.json", path.name]
    assert not list((tmp_path / "backups").glob("*"))
    arguments = ["evaluate", "--data-dir", data, "--weights", path, "--record"]
    assert unet_cli.main([str(each) for each in arguments]) == 0
    scores = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert scores["images"] == 4
    record = json.loads((path.parent / "new.json").read_text(encoding="utf-8"))
    assert record["scores"]["test"]["miou"] == scores["miou"]
    assert record["val_miou_by_epoch"] == [miou]


def test_a_network_is_trained_on_with_toys_among_the_photos(
    make_pets, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "BACKUPS", tmp_path / "backups")
    data, first, second = make_pets(), tmp_path / "a.weights.h5", tmp_path / "b.weights.h5"
    assert train_here("--data-dir", data, "--weights", first, "--seed", "3") == 0
    # With a rate of zero the second network is the first: it began there.
    tuned = ["--initial", first, "--toys", "--learning-rate", "0"]
    sizes = []
    fit, find_pets = training.fit, pets.find_pets
    monkeypatch.setattr(pets, "find_pets", partial(find_pets, limit=24))
    monkeypatch.setattr(
        training,
        "fit",
        lambda m, train, *a, **k: sizes.append(len(train)) or fit(m, train, *a, **k),
    )
    assert train_here("--data-dir", data, "--weights", second, *tuned) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert sizes == [(2 * 8 + 24) // 8]
    assert found["data"] == (
        "Oxford-IIIT Pet (photos), train, 8 images, twice; "
        "toy pets (rendered), train, 24 of 204 images"
    )
    assert found["command"].endswith("--initial a.weights.h5 --toys")
    assert found["began_with"] == weights.read_record(first)
    networks = [small_light_unet(), small_light_unet()]
    for network, path in zip(networks, (first, second), strict=True):
        weights.load(network, path)
    kernels = [network.trainable_weights[0].numpy() for network in networks]
    assert (kernels[0] == kernels[1]).all()


def test_an_interrupted_training_goes_on_with_the_same_options_alone(
    make_pets, tmp_path, monkeypatch
):
    monkeypatch.setattr(command, "BACKUPS", tmp_path / "backups")
    data, folders = make_pets(), []

    def killed(*args, backup, **kwargs):
        folders.append(backup)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "fit", killed)
    (tmp_path / "other").mkdir()
    first = ["--data-dir", data, "--weights", tmp_path / "a.weights.h5", "--seed", "3"]
    changed = [["--learning-rate", "0.5"], ["--weights", tmp_path / "other" / "a.weights.h5"]]
    changed += [["--encoder-weights", each] for each in ("none", "one/a.h5", "other/a.h5")]
    for words in (first, first, *([*first, *more] for more in changed)):
        with pytest.raises(KeyboardInterrupt):
            train_here(*words)
    assert folders[0] == folders[1]
    assert len(set(folders[1:])) == 1 + len(changed)


@pytest.mark.parametrize("place", ["file/new.weights.h5", "new.h5"])
def test_weights_that_cannot_be_written_are_an_error_before_the_training(
    make_pets, tmp_path, monkeypatch, capsys, place
):
    """Not after ten minutes of it."""
    monkeypatch.setattr(training, "fit", lambda *args, **kwargs: pytest.fail("it was trained"))
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert train_here("--data-dir", make_pets(), "--weights", tmp_path / place) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / place}: expected")


def test_without_a_folder_of_that_name_nothing_is_trained(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "fit", lambda *args, **kwargs: pytest.fail("it was trained"))
    path = tmp_path / "new.weights.h5"
    assert train_here("--data-dir", tmp_path, "--weights", path) == 1
    assert "expected oxford_iiit_pet/" in capsys.readouterr().err
    assert not path.exists()


def test_without_a_record_there_is_nothing_to_add_scores_to(make_pets, trained, capsys):
    arguments = ("--data-dir", make_pets(), "--weights", trained, "--record", "--single-view")
    assert evaluate_here(*arguments) == 1
    assert f"error: {trained.with_name('random.json')}: expected the record of" in (
        capsys.readouterr().err
    )


def test_a_photo_becomes_a_mask_of_its_own_size_through_a_file_for_phones(
    trained, tmp_path, capsys
):
    import cv2
    import numpy as np

    model, photo, out = (tmp_path / name for name in ("a.tflite", "photo.png", "mask.png"))
    arguments = ["export", "--weights", str(trained), "--out", str(model)]
    assert unet_cli.main(arguments) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["kind"] == "float16"
    pixels = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    cv2.imwrite(str(photo), pixels)
    arguments = ["predict", str(photo), "--model", str(model), "--out", str(out)]
    assert unet_cli.main(arguments) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    mask = cv2.imread(str(out), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (50, 70)
    assert found["pet"] == pytest.approx((mask == 0).mean(), abs=1e-3)

    network = unet.light_unet()
    weights.load(network, trained)
    small = cv2.resize(pixels[..., ::-1], (unet.SIZE, unet.SIZE), interpolation=cv2.INTER_AREA)
    shares = segmentation.predict(network, small[None])[0]
    expected = cv2.resize(shares, (70, 50)).argmax(axis=-1)
    assert (mask == expected).mean() > 0.97

    model.write_bytes(b"no model")
    assert unet_cli.main(arguments) == 1
    assert "expected a LiteRT model" in capsys.readouterr().err
