"""What the scene networks learn beside Kerbside: CamVid's labels, and a loss for what is small."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from helpers import kerbside
from helpers.errors import DataError
from tools.recipes import street as recipe

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")


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

    assert cost(kerbside.SURFACES.index("pole")) > 1.5 * cost(kerbside.SURFACES.index("road"))


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


def test_a_folder_without_frames_is_named(tmp_path):
    with pytest.raises(DataError, match=r"expected CamVid, train/images/\*.jpg .*, found none"):
        recipe.camvid(tmp_path, "train")


def test_a_crossing_is_road_to_camvid_and_unknown_pixels_are_not_scored(frames):
    """A network that says sky for light and crossing for dark pixels is right about a road."""
    inputs = keras.Input((*kerbside.SIZE, 3), name="image")
    layer = keras.layers.Conv2D(len(kerbside.SURFACES), 1)
    model = keras.Model(inputs, layer(inputs), name="parrot")
    kernel, bias = (
        np.zeros((1, 1, 3, len(kerbside.SURFACES))),
        np.full(len(kerbside.SURFACES), -1e3),
    )
    kernel[..., 0], bias[0], bias[recipe.CROSSING] = 0.1, 0.0, 30.0
    layer.set_weights([kernel, bias])
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
