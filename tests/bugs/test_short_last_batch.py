"""Bug: a random index into a last batch that is shorter (lab 2).

A published callback shows `images[random.randint(0, BATCH_SIZE - 1)]` of a batch of the validation
set. If the set's size is no multiple of the batch size, the last batch is shorter, and the training
dies in the middle of an epoch, now and then. The index has to come from the batch itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from helpers import training

tf = pytest.importorskip("tensorflow")

BATCH_SIZE, IMAGES = 4, 10
Show = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def wrong(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return images[rng.integers(BATCH_SIZE)]


def right(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return images[rng.integers(len(images))]


def batches(augment: Callable | None = None) -> list[np.ndarray]:
    def pair(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.fill((2, 2, 3), tf.cast(number, tf.float32)), tf.zeros((2, 2), tf.int32)

    made = training.batches(tf.data.Dataset.range(IMAGES), pair, batch_size=4, augment=augment)
    return [images for images, _ in made.as_numpy_iterator()]


def check(show: Show) -> None:
    """Thirty epochs: no error, and each picture is shown now and then."""
    rng, shown = np.random.default_rng(0), set()
    validation = batches()
    for _ in range(30):
        for images in validation:
            try:
                shown.add(int(show(images, rng)[0, 0, 0]))
            except IndexError as error:
                raise AssertionError(f"a batch of {len(images)}: {error}") from error
    assert shown == set(range(IMAGES))


def test_an_index_from_the_batch_passes() -> None:
    check(right)


def test_an_index_from_the_batch_size_fails() -> None:
    with pytest.raises(AssertionError, match="a batch of 2"):
        check(wrong)


def test_validation_keeps_its_short_batch_and_training_has_none() -> None:
    assert [len(images) for images in batches()] == [4, 4, 2]
    assert [len(images) for images in batches(lambda *pair: pair)] == [4, 4]
