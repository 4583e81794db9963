"""Predictions of networks that were not trained."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import segmentation
from tests.helpers.made import SIZE, pictures, shake

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
