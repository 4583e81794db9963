"""Bug: `keras.backend.sum`, which Keras 3 does not have (lab 1, section 12).

TensorFlow 2.16 and later bring Keras 3. Its sums are in `keras.ops`, the same on every backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")


def wrong(values: np.ndarray) -> Any:
    return keras.backend.sum(values, axis=[0, 1])


def right(values: np.ndarray) -> Any:
    return keras.ops.sum(values, axis=[0, 1])


def check(pixels_in_each_class: Callable[[np.ndarray], Any]) -> None:
    """Sums of a one-hot map are the numbers of pixels."""
    labels = np.array([[0, 0, 1], [2, 2, 2]])
    try:
        counts = pixels_in_each_class(np.eye(3, dtype="float32")[labels])
    except AttributeError as error:
        raise AssertionError(f"this Keras has no such function: {error}") from error
    assert np.asarray(counts).tolist() == [2, 1, 3]


def test_keras_ops_pass() -> None:
    check(right)


def test_the_old_backend_fails_on_keras_3() -> None:
    assert int(keras.__version__.split(".")[0]) >= 3
    with pytest.raises(AssertionError, match="no such function"):
        check(wrong)
