"""Kerbside's semantic labels and what is made of a network's answers; no trained network."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import kerbside, metrics, segmentation
from helpers.errors import DataError

keras = pytest.importorskip("keras")
from tests.helpers import made  # noqa: E402  (it needs Keras)


@pytest.fixture(scope="module")
def stills():
    return kerbside.surfaces("val").take(3)


@pytest.fixture(scope="module")
def parrot() -> keras.Model:
    return made.parrot(kerbside.SIZE, len(kerbside.SURFACES))


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


def test_an_unknown_split_and_a_folder_without_records_are_named(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="'dev'"):
        kerbside.surfaces("dev")
    monkeypatch.setattr(kerbside, "RECORDS", tmp_path)
    with pytest.raises(DataError, match="kerbside-val"):
        kerbside.surfaces("val")


def test_answers_keep_names_pictures_and_truth_together(parrot, stills):
    found = segmentation.answer(parrot, stills)
    assert found.file_names == ("val-2000-00", "val-2000-02", "val-2000-04")
    light = found.images.astype(float).sum(axis=-1) * 0.1 - 30
    clear = np.abs(light) > 0.2  # beside a tie, 16 bits decide
    assert np.array_equal(found.labels[clear], np.where(light > 0, 0, 1)[clear])
    assert np.allclose(found.probabilities.astype(float).sum(axis=-1), 1, atol=2e-3)
    expected = metrics.confusion_matrix(found.truth, found.labels, len(kerbside.SURFACES))
    assert np.array_equal(found.matrices.sum(axis=0), expected)


def test_nothing_to_answer_is_an_error(parrot, stills):
    with pytest.raises(DataError, match="at least one still"):
        segmentation.answer(parrot, stills.take(0))
