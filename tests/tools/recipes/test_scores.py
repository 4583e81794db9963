"""Scores on networks whose answers are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import metrics
from helpers.errors import ArrayError, DataError
from tests.helpers.made import pair
from tools.recipes.scores import Scores, evaluate

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")


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


def test_every_pixel_of_every_picture_is_counted_once(rng):
    truth = rng.integers(0, 3, (5, 8, 8))
    scores = evaluate(colour_model(8), coloured(truth), data="made, test", to_pair=pair)
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
    scores = evaluate(colour_model(8), dataset, data="made", to_pair=pair)
    assert scores.matrix.tolist() == [[63, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_a_summary_against_figures_worked_out_by_hand():
    first = np.array([[4, 1, 0], [1, 3, 1], [0, 0, 6]])
    second = np.array([[2, 0, 0], [0, 4, 0], [0, 2, 8]])
    scores = Scores("toy, test, 2 images", np.stack([first, second]), ("a", "b"))
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
    scores = Scores("made", np.array([[[5, 1, 0], [2, 7, 0], [0, 0, 0]]]), ("a",))
    text = json.dumps(scores.summary())
    assert "NaN" not in text
    assert json.loads(text)["per_class_iou"][2] is None


def test_an_empty_dataset_is_an_error(rng):
    dataset = coloured(rng.integers(0, 3, (2, 8, 8))).take(0)
    with pytest.raises(DataError, match="made, test: expected at least one image, found none"):
        evaluate(colour_model(8), dataset, data="made, test", to_pair=pair)


def test_nan_names_the_picture(rng):
    def spoil(example: dict) -> dict:
        bad = example["file_name"] == "3.png"
        return example | {"image": tf.where(bad, np.float32("nan"), example["image"])}

    dataset = coloured(rng.integers(0, 3, (5, 8, 8))).map(spoil)
    with pytest.raises(ArrayError, match=r"model output: expected numbers, found NaN.* 3\.png"):
        evaluate(colour_model(8), dataset, data="made", to_pair=pair)
