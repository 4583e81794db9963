"""Predictions of networks that were not trained."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import kerbside, metrics, segmentation
from helpers.errors import DataError
from tests.helpers.made import SIZE, parrot, pictures, shake

pytest.importorskip("tensorflow")


@pytest.mark.parametrize("flips", [False, True])
def test_probabilities_add_up_to_1(light, flips):
    found = segmentation.predict(shake(light), pictures(2, SIZE), flips=flips)
    assert (found.shape, found.dtype) == ((2, SIZE, SIZE, 3), np.float32)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5)


def test_with_flips_a_mirrored_picture_gives_the_mirrored_answer(light):
    model, images = shake(light), pictures(2, SIZE)
    mirrored = images[:, :, ::-1]

    def difference(flips: bool) -> float:
        first = segmentation.predict(model, images, flips=flips)
        second = segmentation.predict(model, mirrored, flips=flips)
        return float(np.abs(first - second[:, :, ::-1]).max())

    assert difference(flips=True) < 1e-5
    assert difference(flips=False) > 1e-3  # so it is the flips that do it


def test_prediction_does_not_depend_on_the_rest_of_the_batch(classic):
    model, images = shake(classic), pictures(4, SIZE)
    alone, together = (
        segmentation.predict(model, images[:1]),
        segmentation.predict(model, images)[:1],
    )
    np.testing.assert_allclose(alone, together, atol=1e-5)


@pytest.fixture(scope="module")
def stills():
    return kerbside.surfaces("val").take(3)


@pytest.fixture(scope="module")
def street():
    """A network that gives label 0 for light pixels and 1 for dark ones."""
    return parrot(kerbside.SIZE, len(kerbside.SURFACES))


def test_answers_keep_names_pictures_and_truth_together(street, stills):
    found = segmentation.answer(street, stills)
    assert found.file_names == ("val-2000-00", "val-2000-02", "val-2000-04")
    light = found.images.astype(float).sum(axis=-1) * 0.1 - 30
    clear = np.abs(light) > 0.2  # beside a tie, 16 bits decide
    assert np.array_equal(found.labels[clear], np.where(light > 0, 0, 1)[clear])
    assert np.allclose(found.probabilities.astype(float).sum(axis=-1), 1, atol=2e-3)
    expected = metrics.confusion_matrix(found.truth, found.labels, len(kerbside.SURFACES))
    assert np.array_equal(found.matrices.sum(axis=0), expected)


def test_nothing_to_answer_is_an_error(street, stills):
    with pytest.raises(DataError, match="at least one still"):
        segmentation.answer(street, stills.take(0))
