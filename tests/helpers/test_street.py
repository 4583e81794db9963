"""Kerbside's semantic labels and what is made of a network's answers; no trained network."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import kerbside, metrics, segmentation, training, weights
from helpers.errors import DataError
from tools.recipes import command
from tools.recipes import street as street_cli

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def stills():
    return kerbside.surfaces("val").take(3)


@pytest.fixture(scope="module")
def parrot() -> keras.Model:
    """A network that says road for dark and sky for light pixels."""
    inputs = keras.Input((*kerbside.SIZE, 3), name="image")
    layer = keras.layers.Conv2D(len(kerbside.SURFACES), 1)
    model = keras.Model(inputs, layer(inputs), name="parrot")
    kernel, bias = (
        np.zeros((1, 1, 3, len(kerbside.SURFACES))),
        np.full(len(kerbside.SURFACES), -1e3),
    )
    kernel[..., 0], bias[0] = 0.1, 0.0
    bias[1] = 30.0
    layer.set_weights([kernel, bias])
    return model


def test_stills_come_with_their_labels_in_a_fixed_order(stills):
    found = list(stills.as_numpy_iterator())
    assert [each["file_name"] for each in found] == [b"val-2000-00", b"val-2000-02", b"val-2000-04"]
    for each in found:
        assert (each["image"].shape, each["image"].dtype) == ((240, 320, 3), np.uint8)
        assert (each["labels"].shape, each["labels"].dtype) == ((240, 320), np.uint8)
        assert each["labels"].max() < len(kerbside.SURFACES)
        assert (each["labels"] == kerbside.SURFACES.index("road")).mean() > 0.05


def test_labels_are_those_that_the_records_reader_gives(stills, root):
    from helpers import records

    first = next(iter(records.read(sorted(kerbside.RECORDS.glob("kerbside-val.tfrecord-*")))))
    [each] = stills.take(1).as_numpy_iterator()
    assert np.array_equal(each["labels"], first.semantic)
    difference = np.abs(each["image"].astype(int) - first.image)  # two decoders of JPEG
    assert difference.max() <= 8
    assert difference.mean() < 1.5


@pytest.mark.parametrize(("split", "count"), [("train", 820), ("val", 160), ("test", 260)])
def test_splits_are_whole(split, count):
    assert len(kerbside.surfaces(split)) == count


def test_an_unknown_split_and_a_folder_without_records_are_named(tmp_path):
    with pytest.raises(DataError, match="'dev'"):
        kerbside.surfaces("dev")
    with pytest.raises(DataError, match="kerbside-val"):
        kerbside.surfaces("val", tmp_path)


def test_answers_keep_names_pictures_and_truth_together(parrot, stills):
    found = segmentation.answer(parrot, stills, batch_size=2)
    assert found.file_names == ("val-2000-00", "val-2000-02", "val-2000-04")
    light = found.images.astype(float).sum(axis=-1) * 0.1 - 30
    clear = np.abs(light) > 0.2  # beside a tie, 16 bits decide
    assert np.array_equal(found.labels[clear], np.where(light > 0, 0, 1)[clear])
    assert np.allclose(found.probabilities.astype(float).sum(axis=-1), 1, atol=2e-3)
    assert found.of_camera(2000).tolist() == [0, 1, 2]
    assert found.of_camera(2001).tolist() == []
    scores = found.scores("three stills")
    expected = metrics.confusion_matrix(found.truth, found.labels, len(kerbside.SURFACES))
    assert np.array_equal(scores.matrix, expected)


def test_nothing_to_answer_is_an_error(parrot, stills):
    with pytest.raises(DataError, match="at least one still"):
        segmentation.answer(parrot, stills.take(0))


def test_boundary_scores_leave_out_stills_without_the_class():
    truth = np.ones((3, 40, 40), np.uint8)
    truth[0, 10:20, 10:20] = truth[1, 10:20, 10:20] = kerbside.SURFACES.index("vehicle")
    answers = truth.copy()
    answers[1] = np.roll(answers[1], 5, axis=1)
    found = segmentation.boundary_scores(truth, answers, kerbside.SURFACES.index("vehicle"))
    assert found.shape == (2,)
    assert found[0] == 1
    assert 0 < found[1] < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", list(street_cli.MODELS))
def test_networks_take_the_same_weights_at_every_size(name):
    small = street_cli.MODELS[name](street_cli.CROP)
    large = street_cli.MODELS[name]((64, 96))
    large.set_weights(small.get_weights())
    image = np.random.default_rng(0).uniform(0, 255, (1, 64, 96, 3)).astype(np.float32)
    logits = large(image, training=False).numpy()
    assert logits.shape == (1, 64, 96, len(kerbside.SURFACES))
    assert np.isfinite(logits).all()


def test_the_edge_weighted_loss_is_the_combined_one_where_there_is_no_edge():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 12, 12, 4)).astype(np.float32)
    flat = np.full((2, 12, 12), 2, np.int32)
    weighted, plain = street_cli.boundary_loss(), training.combined_loss
    assert float(weighted(flat, logits)) == pytest.approx(float(plain(flat, logits)), rel=1e-5)
    edged = flat.copy()
    edged[:, :, 6:] = 1
    off = street_cli.boundary_loss(extra=0)
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
        return float(street_cli.boundary_loss()(labels, wrong)) - dice

    base = float(street_cli.boundary_loss()(labels, right) - training.dice_loss(labels, right))
    near, edge_of_band, far = (cross_entropy(c) - base for c in (11, 10, 2))
    assert near / far == pytest.approx(5, rel=0.02)
    assert edge_of_band / far == pytest.approx(5, rel=0.02)
    assert (cross_entropy(9) - base) / far == pytest.approx(1, rel=0.02)


def test_evaluate_writes_what_it_prints(tmp_path, monkeypatch, capsys, parrot, stills):
    path = tmp_path / "parrot.weights.h5"
    command.save(parrot, path)
    command.write_record(path, {"scores": {}})
    monkeypatch.setitem(street_cli.MODELS, "unet", lambda size, **_: parrot)
    monkeypatch.setattr(kerbside, "surfaces", lambda split: stills)
    arguments = ["evaluate", "--split", "val", "--weights", str(path), "--record"]
    assert street_cli.main(arguments) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["images"] == 3
    assert 0 < printed["miou"] < 0.5
    assert weights.read_record(path)["scores"]["val"] == printed


def test_missing_weights_are_one_line(tmp_path, capsys, monkeypatch, parrot):
    monkeypatch.setitem(street_cli.MODELS, "unet", lambda size, **_: parrot)
    assert street_cli.main(["evaluate", "--weights", str(tmp_path / "no.weights.h5")]) == 1
    assert capsys.readouterr().err.startswith("error: ")
