"""What the scene networks learn beside Kerbside: CamVid's labels, and a loss for what is small."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest

from helpers import kerbside, training, weights
from helpers.errors import DataError
from tools.recipes import command
from tools.recipes import street as recipe

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
from tests.helpers import made  # noqa: E402  (it needs Keras)


@pytest.fixture(scope="module")
def parrot() -> keras.Model:
    return made.parrot(kerbside.SIZE, len(kerbside.SURFACES))


def pair(seed: int = 0) -> tuple:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 9, (2, 12, 16)).astype(np.int32)
    return labels, tf.constant(draw.normal(size=(2, 12, 16, 9)), tf.float32)


def test_unknown_pixels_teach_nothing():
    labels, logits = pair()
    labels[:, :4] = recipe.UNKNOWN
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = recipe.small_loss(tf.constant(labels), logits)
    gradient = tape.gradient(loss, logits).numpy()
    assert (gradient[:, :4] == 0).all()
    assert (abs(gradient[:, 4:]).sum(-1) > 0).all()
    changed = tf.concat([logits[:, :4] + 3.0, logits[:, 4:]], axis=1)
    assert float(recipe.small_loss(tf.constant(labels), changed)) == pytest.approx(float(loss))


def test_where_nothing_is_small_or_unknown_it_is_the_boundary_loss(monkeypatch):
    monkeypatch.setattr(recipe, "SMALL", {})
    labels, logits = pair(1)
    expected = float(recipe.LOSSES["boundary"](tf.constant(labels), logits))
    # 1 is added to the sum of the weights, so that a batch of unknown pixels divides by it.
    assert float(recipe.small_loss(tf.constant(labels), logits)) == pytest.approx(
        expected, rel=0.01
    )


def test_a_mistake_about_a_pole_costs_more_than_one_about_a_road():
    def cost(number: int) -> float:
        labels = np.full((1, 12, 16), 4, np.int32)  # a building
        labels[:, :, 8] = number
        logits = tf.constant(9.0 * np.eye(9)[np.full((1, 12, 16), 4)], tf.float32)
        return float(recipe.small_loss(tf.constant(labels), logits))

    assert cost(kerbside.SURFACES.index("pole")) > 1.2 * cost(kerbside.SURFACES.index("road"))


@pytest.fixture
def frames(tmp_path):
    """Two frames as CamVid's folder has them; the upper half sky, the lower half as asked for."""
    import cv2

    def write(lower: int):
        for name in ("images", "labels"):
            (tmp_path / "val" / name).mkdir(parents=True, exist_ok=True)
        for frame in ("a", "b"):
            labels = np.zeros((360, 480), np.uint8)
            labels[180:] = lower
            image = np.full((360, 480, 3), 250, np.uint8)
            image[180:] = 10
            cv2.imwrite(str(tmp_path / "val" / "images" / f"{frame}.jpg"), image)
            cv2.imwrite(str(tmp_path / "val" / "labels" / f"{frame}.png"), labels)
        return tmp_path

    return write


@pytest.mark.parametrize(("theirs", "ours"), [(2, "pole"), (5, "vegetation"), (9, "person")])
def test_camvid_has_the_labels_of_kerbside(frames, theirs, ours):
    first, second = recipe.camvid(frames(theirs), "val").as_numpy_iterator()
    assert (first["image"].shape, first["image"].dtype) == ((*kerbside.SIZE, 3), np.uint8)
    assert (first["file_name"], second["file_name"]) == (b"a", b"b")
    assert set(first["labels"][:118].ravel()) == {0}
    assert set(first["labels"][122:].ravel()) == {kerbside.SURFACES.index(ours)}


@pytest.mark.parametrize("theirs", [6, 7, 10, 11])
def test_what_kerbside_has_no_label_for_is_unknown(frames, theirs):
    (first, _) = recipe.camvid(frames(theirs), "val").as_numpy_iterator()
    assert set(first["labels"][122:].ravel()) == {recipe.UNKNOWN}


@pytest.mark.parametrize("loss", ["combined", "boundary"])
def test_a_loss_that_counts_unknown_pixels_is_not_trained_on_camvid(tmp_path, capsys, loss):
    words = ["train", "--camvid", tmp_path, "--weights", tmp_path / "a.weights.h5", "--loss", loss]
    assert recipe.main([str(word) for word in words]) == 1
    assert capsys.readouterr().err.startswith("error: --loss: expected small with --camvid")


def test_an_interrupted_training_does_not_go_on_with_other_encoder_weights(
    parrot, tmp_path, monkeypatch
):
    backups = []

    def killed(*args, backup, **kwargs):
        backups.append(backup)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "fit", killed)
    monkeypatch.setitem(recipe.MODELS, "unet", lambda size, *, encoder_weights: parrot)
    for words in ((), (), *(("--encoder-weights", each) for each in ("none", "a/e.h5", "b/e.h5"))):
        with pytest.raises(KeyboardInterrupt):
            recipe.main(["train", "--weights", str(tmp_path / "a.weights.h5"), *words])
    assert backups[0] == backups[1]
    assert len(set(backups)) == 4


def test_a_folder_without_frames_is_named(tmp_path):
    with pytest.raises(DataError, match=r"expected CamVid, train/images/\*.jpg .*, found none"):
        recipe.camvid(tmp_path, "train")


def test_a_crossing_is_road_to_camvid_and_unknown_pixels_are_not_scored(frames):
    """A network that says sky for light and crossing for dark pixels is right about a road."""
    model = made.parrot(kerbside.SIZE, len(kerbside.SURFACES), dark=recipe.CROSSING)
    options = argparse.Namespace(camvid=frames(3), record=False)
    scores = recipe._evaluate_camvid(model, options)
    iou = dict(zip(scores["classes"], scores["per_class_iou"], strict=True))
    assert iou["road"] > 0.97 and iou["sky"] > 0.97
    assert "crossing" not in iou
    assert scores["miou"] == pytest.approx(np.mean([iou["road"], iou["sky"]]), abs=1e-3)
    assert scores["miou_ci95"] == [scores["miou"]] * 2  # the frames are the same
    options.camvid = frames(6)  # unknown below: only the sky is left
    scores = recipe._evaluate_camvid(model, options)
    assert scores["per_class_iou"][0] > 0.97
    assert scores["per_class_iou"][1] is None  # no road to find or to take for one


@pytest.mark.slow
@pytest.mark.parametrize("name", list(recipe.MODELS))
def test_networks_take_the_same_weights_at_every_size(name):
    small = recipe.MODELS[name](recipe.CROP)
    large = recipe.MODELS[name]((64, 96))
    large.set_weights(small.get_weights())
    image = np.random.default_rng(0).uniform(0, 255, (1, 64, 96, 3)).astype(np.float32)
    logits = large(image, training=False).numpy()
    assert logits.shape == (1, 64, 96, len(kerbside.SURFACES))
    assert np.isfinite(logits).all()


def test_the_edge_weighted_loss_is_the_combined_one_where_there_is_no_edge():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 12, 12, 4)).astype(np.float32)
    flat = np.full((2, 12, 12), 2, np.int32)
    weighted, plain = recipe.boundary_loss(), training.combined_loss
    assert float(weighted(flat, logits)) == pytest.approx(float(plain(flat, logits)), rel=1e-5)
    edged = flat.copy()
    edged[:, :, 6:] = 1
    off = recipe.boundary_loss(extra=0)
    assert float(off(edged, logits)) == pytest.approx(float(plain(edged, logits)), rel=1e-5)


def test_the_edge_weighted_loss_counts_pixels_near_an_edge_more():
    """An error beside the edge costs five times one far from it, up to the common divisor."""
    labels = np.zeros((1, 12, 24), np.int32)
    labels[:, :, 12:] = 1
    right = 8.0 * np.eye(2, dtype=np.float32)[labels]

    def cross_entropy(column: int) -> float:
        wrong = right.copy()
        wrong[0, 3, column] = wrong[0, 3, column, ::-1]
        dice = float(training.dice_loss(labels, wrong))
        return float(recipe.boundary_loss()(labels, wrong)) - dice

    base = float(recipe.boundary_loss()(labels, right) - training.dice_loss(labels, right))
    near, edge_of_band, far = (cross_entropy(c) - base for c in (11, 10, 2))
    assert near / far == pytest.approx(5, rel=0.02)
    assert edge_of_band / far == pytest.approx(5, rel=0.02)
    assert (cross_entropy(9) - base) / far == pytest.approx(1, rel=0.02)


def test_evaluate_writes_what_it_prints(tmp_path, monkeypatch, capsys, parrot):
    path = tmp_path / "parrot.weights.h5"
    command.save(parrot, path)
    command.write_record(path, {"scores": {}})
    monkeypatch.setitem(recipe.MODELS, "unet", lambda size, **_: parrot)
    stills = kerbside.surfaces("val").take(3)
    monkeypatch.setattr(kerbside, "surfaces", lambda split: stills)
    arguments = ["evaluate", "--split", "val", "--weights", str(path), "--record"]
    assert recipe.main(arguments) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["images"] == 3
    assert 0 < printed["miou"] < 0.5
    assert weights.read_record(path)["scores"]["val"] == printed


def test_intervals_are_by_camera(tmp_path, monkeypatch, capsys, parrot):
    """Of one camera alone no interval can be drawn, however many stills it took."""
    path = tmp_path / "parrot.weights.h5"
    command.save(parrot, path)
    monkeypatch.setitem(recipe.MODELS, "unet", lambda size, **_: parrot)
    monkeypatch.setattr(recipe, "boundary_scores", lambda *_: np.array([0.1, 0.2, 0.3, 0.4]))
    stills = kerbside.surfaces("val").take(4)  # all of camera 2000
    monkeypatch.setattr(kerbside, "surfaces", lambda split: stills)
    assert recipe.main(["evaluate", "--split", "val", "--weights", str(path)]) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["images"] == 4
    assert printed["miou_ci95"] == [printed["miou"]] * 2
    assert printed["vehicle_boundary_iou_ci95"] == [printed["vehicle_boundary_iou"]] * 2


def test_missing_weights_are_one_line(tmp_path, capsys, monkeypatch, parrot):
    monkeypatch.setitem(recipe.MODELS, "unet", lambda size, **_: parrot)
    assert recipe.main(["evaluate", "--weights", str(tmp_path / "no.weights.h5")]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_boundary_scores_leave_out_stills_without_the_class():
    truth = np.ones((3, 40, 40), np.uint8)
    truth[0, 10:20, 10:20] = truth[1, 10:20, 10:20] = kerbside.SURFACES.index("vehicle")
    answers = truth.copy()
    answers[1] = np.roll(answers[1], 5, axis=1)
    found = recipe.boundary_scores(truth, answers, kerbside.SURFACES.index("vehicle"))
    assert found[0] == 1
    assert 0 < found[1] < 0.5
    assert np.isnan(found[2])
