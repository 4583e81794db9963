"""What the course reports: against its own matching, and Boundary AP on cases made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers import coco, detection
from helpers.detection import compare
from helpers.errors import ArrayError
from tests.helpers.detections import random_pictures, things

AREAS = {"small": (0.0, 25.0), "large": (25.0, 1e10)}


def many(seed: int):
    return [pair for k in range(4) for pair in random_pictures(10 * seed + k)]


@pytest.mark.parametrize("by", ["mask", "box", "boundary"])
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_course_own_steps(by, seed):
    pictures = many(seed)
    reported = coco.evaluate(pictures, by=by, areas=AREAS)
    compared = [compare(*pair, by=by) for pair in pictures]
    for name, thresholds in {
        "ap": detection.IOU_THRESHOLDS,
        "ap50": [0.5],
        "ap75": detection.IOU_THRESHOLDS[5:6],
    }.items():
        ours = detection.score(compared, thresholds=thresholds).ap
        assert reported[name] == pytest.approx(ours, abs=1e-9), name
    assert reported["ar"] == pytest.approx(detection.score(compared).ar, abs=1e-9)


def test_by_size_neither_object_nor_false_alarm_outside_the_range_counts():
    truth = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1])  # 16 and 100 pixels
    found = things([(0, 0, 4, 4), (10, 10, 20, 20), (21, 0, 23, 2)], [1, 1, 1], [0.9, 0.8, 0.95])
    scores = coco.evaluate([(found, truth)], areas=AREAS)
    assert scores["ap_large"] == pytest.approx(1)
    assert scores["ap_small"] == pytest.approx(0.5)  # the false alarm is small and comes first
    assert (scores["ar_small"], scores["ar_large"]) == (1, 1)


def test_by_tag_only_the_tagged_objects_are_asked_for_and_every_false_alarm_counts():
    truth = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1])
    found = things([(0, 0, 4, 4), (21, 0, 23, 2)], [1, 1], [0.9, 0.95])
    plain = coco.evaluate([(found, truth)], areas=AREAS)
    scores = coco.evaluate([(found, truth)], areas=AREAS, tags=[["none", "heavy"]])
    assert plain == {name: scores[name] for name in plain}
    assert (scores["ap_none"], scores["ar_none"]) == (pytest.approx(0.5), 1)
    assert (scores["ap_heavy"], scores["ar_heavy"]) == (0, 0)


def test_boundary_ap_sees_a_lost_rim_that_mask_ap_does_not():
    truth = things([(2, 2, 22, 30)], [1])
    whole = things([(2, 2, 22, 30)], [1], [0.9])
    shrunk = things([(4, 4, 20, 28)], [1], [0.9])  # IoU 384 / 560 = 0.69, bands share nothing
    for by in ("mask", "box", "boundary"):
        assert coco.evaluate([(whole, truth)], by=by)["ap"] == pytest.approx(1)
    assert coco.evaluate([(shrunk, truth)], by="mask")["ap50"] == pytest.approx(1)
    assert coco.evaluate([(shrunk, truth)], by="boundary")["ap50"] == 0.0


def test_boundary_ap_is_never_better_than_mask_ap():
    """A small object is all boundary, and then both are the same: the smaller counts."""
    for seed in range(5):
        pictures = many(seed)
        mask = coco.evaluate(pictures, by="mask")["ap"]
        assert coco.evaluate(pictures, by="boundary")["ap"] <= mask + 1e-12


def test_no_detections_at_all_score_zero_and_nothing_to_find_is_undefined():
    truth, nothing = things([(0, 0, 4, 4)], [1]), things([], [])
    assert coco.evaluate([(nothing, truth)])["ap"] == 0.0
    scores = coco.evaluate([(things([(0, 0, 4, 4)], [1], [0.9]), nothing)])
    assert np.isnan(scores["ap"])


def test_nothing_is_printed(capsys):
    coco.evaluate(many(0))
    assert capsys.readouterr().out == ""


def test_bad_arguments_are_named():
    with pytest.raises(ArrayError, match=r"by: expected 'mask' or 'box' or .*, found 'segm'"):
        coco.evaluate(many(0), by="segm")
    with pytest.raises(ArrayError, match="pictures: expected at least one"):
        coco.evaluate([])


@pytest.mark.parametrize(
    "change",
    [
        lambda one: {"masks": one.masks[:, :-1]}, lambda one: {"masks": one.masks.swapaxes(1, 2)},
        lambda one: {"scores": np.r_[one.scores, 0.5]}, lambda one: {"boxes": one.boxes[1:]},
        lambda one: {"classes": np.r_[one.classes, 1]},
    ],
)  # fmt: skip
def test_arrays_that_do_not_belong_together_are_refused(change):
    (found, truth), *_ = [pair for pair in many(0) if len(pair[0].scores) > 1]
    with pytest.raises(ArrayError, match="picture 0: expected as many boxes as masks"):
        coco.evaluate([(replace(found, **change(found)), truth)])
