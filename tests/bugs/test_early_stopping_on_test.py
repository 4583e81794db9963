"""Bug: early stopping on the test split (lab 2).

A published lab hands the test split to `fit` as validation data, stops where it scores best and
reports that score. The best of many looks at a set is an optimistic figure for this very set: even
networks that guess then seem to know something. Choose on validation, look at test once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from helpers import metrics, pets

Report = Callable[[np.ndarray, np.ndarray], float]

EPOCHS, IMAGES, PIXELS, TRIALS = 40, 12, 60, 200


def wrong(validation: np.ndarray, test: np.ndarray) -> float:
    """(epochs,) scores on both splits; stops where the reported one is best."""
    return float(test.max())


def right(validation: np.ndarray, test: np.ndarray) -> float:
    return float(test[validation.argmax()])


def guesses(rng: np.random.Generator) -> np.ndarray:
    """Validation and test mIoU, (2, epochs), of a network that draws every label from a hat."""
    matrices = []
    for _ in range(2):
        truth = rng.integers(0, 3, IMAGES * PIXELS)
        answers = rng.integers(0, 3, (EPOCHS, IMAGES * PIXELS))
        matrices.append([metrics.confusion_matrix(truth, answer, 3) for answer in answers])
    return metrics.mean_iou(np.array(matrices))


def check(report: Report) -> None:
    """Guessing one of three labels has an expected mIoU of 0.2, and that is what is reported."""
    rng = np.random.default_rng(0)
    reported = [report(*guesses(rng)) for _ in range(TRIALS)]
    error = np.std(reported) / np.sqrt(TRIALS)
    assert np.mean(reported) == pytest.approx(0.2, abs=4 * error)


def test_choosing_on_validation_passes() -> None:
    check(right)


def test_choosing_on_test_fails() -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def test_the_courses_splits_leave_no_choice() -> None:
    """Validation is cut from train; test is a split of its own that training never names."""
    cut = re.fullmatch(r"train\[:(\d+)%\]", pets.SPLITS["train"])[1]
    assert 50 <= int(cut) < 100
    assert pets.SPLITS["validation"] == f"train[{cut}%:]"
    assert pets.SPLITS["test"] == "test"
