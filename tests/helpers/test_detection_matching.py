"""Matching by the rules of COCO, on cases small enough to do by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from helpers import detection_matching as matching
from helpers.errors import ArrayError
from tests.helpers.detections import random_pictures, things


def matched(overlaps, threshold=0.5, crowd=None, ignored=None) -> list[int]:
    overlaps = np.array(overlaps, float)
    count = overlaps.shape[1]
    crowd = np.zeros(count, bool) if crowd is None else np.array(crowd, bool)
    ignored = crowd if ignored is None else np.array(ignored, bool)
    return matching.match(overlaps, threshold, crowd, ignored).tolist()


def test_mask_overlaps_by_hand():
    found = things([(0, 0, 2, 4)], [1])
    truth = things([(0, 2, 2, 6), (0, 0, 2, 4), (0, 2, 2, 30), (10, 10, 12, 12)], [1] * 4)
    crowd = np.array([False, False, True, False])
    overlaps = matching.mask_overlaps(found.masks, truth.masks, crowd)
    assert overlaps.tolist() == [[4 / 12, 1.0, 4 / 8, 0.0]]


def test_box_overlaps_by_hand():
    truth = [[0, 2, 2, 6], [0, 0, 2, 4], [0, 2, 2, 30], [0, 4, 2, 8]]
    crowd = np.array([False, False, True, False])
    overlaps = matching.box_overlaps([[0, 0, 2, 4]], truth, crowd)
    assert overlaps.tolist() == [[4 / 12, 1.0, 4 / 8, 0.0]]


@pytest.mark.parametrize("seed", range(5))
def test_overlaps_are_those_of_pycocotools(seed):
    for found, truth in random_pictures(seed):
        if not len(found.masks) or not len(truth.masks):
            continue
        crowd = truth.crowd.astype(int).tolist()
        codes = [
            coco_mask.encode(np.asfortranarray(t.masks.transpose(1, 2, 0).astype(np.uint8)))
            for t in (found, truth)
        ]
        overlaps = matching.mask_overlaps(found.masks, truth.masks, truth.crowd)
        np.testing.assert_array_equal(overlaps, coco_mask.iou(*codes, crowd))
        # In C order: pycocotools takes the memory as it lies.
        flat = [t.boxes[:, [1, 0, 3, 2]].astype(float, order="C") for t in (found, truth)]
        for boxes in flat:
            boxes[:, 2:] -= boxes[:, :2]
        overlaps = matching.box_overlaps(found.boxes, truth.boxes, truth.crowd)
        np.testing.assert_array_equal(overlaps, coco_mask.iou(*flat, crowd))


def test_two_empty_masks_do_not_overlap():
    nothing = np.zeros((1, 4, 4), bool)
    assert matching.mask_overlaps(nothing, nothing, np.array([False])).tolist() == [[0.0]]


def test_one_detection_for_one_object():
    """The better score takes the object; the second is a duplicate although it fits better."""
    assert matched([[0.6], [0.9]]) == [0, -1]


def test_each_takes_what_it_overlaps_most():
    assert matched([[0.6, 0.9], [0.8, 0.95]]) == [1, 0]


def test_the_threshold_itself_is_enough():
    assert matched([[0.5]], 0.5) == [0]
    assert matched([[0.4999]], 0.5) == [-1]
    assert matched([[1.0]], 1.0) == [0]


def test_an_object_that_counts_goes_before_a_better_one_that_does_not():
    assert matched([[0.6, 0.9]], ignored=[False, True]) == [0]
    assert matched([[0.4, 0.9]], ignored=[False, True]) == [1]


def test_a_crowd_is_never_used_up_and_another_ignored_object_is():
    assert matched([[0.9], [0.8]], crowd=[True]) == [0, 0]
    assert matched([[0.9], [0.8]], ignored=[True]) == [0, -1]


def judged(found, truth, **options) -> matching.Verdicts:
    return matching.judge([matching.compare(found, truth)], 1, **options)


def test_detections_of_another_class_are_not_looked_at():
    truth = things([(0, 0, 4, 4)], [1])
    found = things([(0, 0, 4, 4), (0, 0, 4, 4)], [2, 1], [0.9, 0.4])
    verdicts = judged(found, truth)
    assert (verdicts.scores.tolist(), verdicts.hits.tolist()) == ([0.4], [True])


def test_a_detection_on_a_crowd_is_neither_right_nor_wrong():
    truth = things([(0, 0, 10, 10), (12, 12, 16, 16)], [1, 1], crowd=[True, False])
    found = things([(0, 0, 4, 4), (12, 12, 16, 16), (18, 18, 20, 20)], [1, 1, 1], [0.9, 0.8, 0.7])
    verdicts = judged(found, truth)
    assert verdicts.hits.tolist() == [True, False]
    assert verdicts.objects.tolist() == [1]


def test_outside_the_range_of_areas_neither_object_nor_false_alarm_counts():
    truth = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1])  # 16 and 100 pixels
    found = things([(0, 0, 4, 4), (10, 10, 20, 20), (21, 0, 23, 2)], [1, 1, 1], [0.9, 0.8, 0.7])
    large = judged(found, truth, area=(50, 1000))
    assert (large.hits.tolist(), large.objects.tolist()) == ([True], [1])
    small = judged(found, truth, area=(0, 16))  # the limits belong to the range
    assert (small.hits.tolist(), small.objects.tolist()) == ([True, False], [1])


def test_only_the_best_detections_of_a_picture_count():
    truth = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1])
    found = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1], [0.2, 0.8])
    assert judged(found, truth, max_detections=1).scores.tolist() == [0.8]


def test_by_tag_only_the_tagged_objects_are_asked_for():
    truth = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1])
    found = things([(0, 0, 4, 4), (21, 0, 23, 2)], [1, 1], [0.9, 0.8])
    picture = matching.compare(found, truth, tags=["none", "heavy"])
    heavy = matching.judge([picture], 1, tag="heavy")
    assert (heavy.hits.tolist(), heavy.objects.tolist()) == ([False], [1])
    none = matching.judge([picture], 1, tag="none")
    assert (none.hits.tolist(), none.objects.tolist()) == ([True, False], [1])


def test_bad_arguments_are_named():
    found, truth = things([(0, 0, 4, 4)], [1]), things([(0, 0, 4, 4)], [1])
    with pytest.raises(ArrayError, match="by: expected 'mask' or 'box', found 'Mask'"):
        matching.compare(found, truth, by="Mask")
    with pytest.raises(ArrayError, match=r"detected: expected \(N, H, W\) bool"):
        matching.mask_overlaps(found.masks.astype(float), truth.masks, truth.crowd)
    with pytest.raises(ArrayError, match="one height and width"):
        matching.mask_overlaps(found.masks[:, :5], truth.masks, truth.crowd)
