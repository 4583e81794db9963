"""Bug: pixel accuracy praised where one class is rare (lab 1, section 10).

A model that never finds anything gets an accuracy of 0.98 for a plant that covers 2 % of the
picture. A measure of how well the plant is found has to say so: IoU and Dice give 0.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest

from helpers import metrics
from tools.render import window as scene

Measure = Callable[[np.ndarray, np.ndarray], float]


@functools.cache
def plant_mask() -> np.ndarray:
    return scene.cats_at_a_window().instances == 3


def wrong(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float((truth == prediction).mean())


def check(measure: Measure) -> None:
    """Found: 1. Not found at all: no better than a tenth. Half found: in between."""
    plant = plant_mask()
    half = plant.copy()
    half[np.flatnonzero(plant.any(axis=1)).mean().astype(int) :] = False
    assert measure(plant, plant) == 1
    assert measure(plant, np.zeros_like(plant)) < 0.1
    assert 0.1 < measure(plant, half) < 0.9


@pytest.mark.parametrize("right", [metrics.mask_iou, metrics.mask_dice])
def test_iou_and_dice_pass(right: Measure) -> None:
    check(right)


def test_accuracy_fails() -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def test_the_lazy_model_scores_as_the_lab_says() -> None:
    plant = plant_mask()
    assert wrong(plant, np.zeros_like(plant)) == pytest.approx(0.984, abs=0.0005)
