"""What the course reports: against its own matching, and Boundary AP on cases made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import coco_scores
from helpers import detection_metrics as metrics
from helpers.detection_matching import compare
from helpers.errors import ArrayError
from helpers.masks import boundary_band
from tests.helpers.detections import random_pictures, things

AREAS = {"small": (0.0, 25.0), "large": (25.0, 1e10)}


def many(seed: int):
    return [pair for k in range(4) for pair in random_pictures(10 * seed + k)]


@pytest.mark.parametrize("by", ["mask", "box"])
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_course_own_matching(by, seed):
    pictures = many(seed)
    reported = coco_scores.evaluate(pictures, by=by, areas=AREAS)
    compared = [compare(*pair, by=by) for pair in pictures]
    for name, options in {
        "ap": {},
        "ap50": {"thresholds": [0.5]},
        "ap75": {"thresholds": metrics.IOU_THRESHOLDS[5:6]},
        "ap_small": {"area": AREAS["small"]},
        "ap_large": {"area": AREAS["large"]},
    }.items():
        ours = metrics.score(compared, **options).ap
        assert reported[name] == pytest.approx(ours, abs=1e-9, nan_ok=True), name
    assert reported["ar"] == pytest.approx(metrics.score(compared).ar, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_tags_agree_too_and_leave_the_total_alone(seed):
    pictures = many(seed)
    tags = [["heavy" if k % 2 else "none" for k in range(len(t.classes))] for _, t in pictures]
    plain = coco_scores.evaluate(pictures, areas=AREAS)
    reported = coco_scores.evaluate(pictures, areas=AREAS, tags=tags)
    assert plain == {name: reported[name] for name in plain}
    compared = [compare(*pair, tags=own) for pair, own in zip(pictures, tags, strict=True)]
    for tag in ("heavy", "none"):
        ours = metrics.score(compared, tag=tag)
        assert reported[f"ap_{tag}"] == pytest.approx(ours.ap, abs=1e-9, nan_ok=True)
        assert reported[f"ar_{tag}"] == pytest.approx(ours.ar, abs=1e-9, nan_ok=True)


def test_bands_are_those_of_the_whole_picture(rng):
    masks = rng.random((6, 24, 30)) > 0.4
    masks[0] = False
    masks[1, :, :12] = True  # to the picture's edge, which counts as background
    masks[2] = np.pad(np.ones((9, 11), bool), ((5, 10), (7, 12)))
    for width in (1, 3):
        whole = [boundary_band(mask, width) for mask in masks]
        np.testing.assert_array_equal(coco_scores._bands(masks, width), whole)


def test_boundary_ap_sees_a_lost_rim_that_mask_ap_does_not():
    truth = things([(2, 2, 22, 30)], [1])
    whole = things([(2, 2, 22, 30)], [1], [0.9])
    shrunk = things([(4, 4, 20, 28)], [1], [0.9])  # IoU 384 / 560 = 0.69, bands share nothing
    for by in coco_scores.KINDS:
        assert coco_scores.evaluate([(whole, truth)], by=by)["ap"] == pytest.approx(1)
    assert coco_scores.evaluate([(shrunk, truth)], by="mask")["ap50"] == pytest.approx(1)
    assert coco_scores.evaluate([(shrunk, truth)], by="boundary")["ap50"] == 0.0


def test_boundary_ap_is_never_better_than_mask_ap():
    """A small object is all boundary, and then both are the same: the smaller counts."""
    for seed in range(5):
        pictures = many(seed)
        mask = coco_scores.evaluate(pictures, by="mask")["ap"]
        assert coco_scores.evaluate(pictures, by="boundary")["ap"] <= mask + 1e-12


def test_no_detections_at_all_score_zero_and_nothing_to_find_is_undefined():
    truth, nothing = things([(0, 0, 4, 4)], [1]), things([], [])
    assert coco_scores.evaluate([(nothing, truth)])["ap"] == 0.0
    scores = coco_scores.evaluate([(things([(0, 0, 4, 4)], [1], [0.9]), nothing)], classes=[1])
    assert np.isnan(scores["ap"])


def test_nothing_is_printed(capsys):
    coco_scores.evaluate(many(0))
    assert capsys.readouterr().out == ""


def test_bad_arguments_are_named():
    with pytest.raises(ArrayError, match="by: expected mask or box or boundary, found 'segm'"):
        coco_scores.evaluate(many(0), by="segm")
    with pytest.raises(ArrayError, match="pictures: expected at least one"):
        coco_scores.evaluate([])
