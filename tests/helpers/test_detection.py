"""Matching, curves and averages: by hand, and against pycocotools on random data sets."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from helpers import detection
from helpers.detection import compare, judge
from helpers.errors import ArrayError
from helpers.masks import boundary_band
from tests.helpers.detections import SIZE, random_pictures, things


def matched(overlaps, threshold=0.5, crowd=None) -> list[int]:
    return detection.match(np.array(overlaps, float), threshold, crowd).tolist()


def test_mask_overlaps_by_hand():
    found = things([(0, 0, 2, 4)], [1])
    truth = things([(0, 2, 2, 6), (0, 0, 2, 4), (0, 2, 2, 30), (10, 10, 12, 12)], [1] * 4)
    crowd = np.array([False, False, True, False])
    overlaps = detection.mask_overlaps(found.masks, truth.masks, crowd)
    assert overlaps.tolist() == [[4 / 12, 1.0, 4 / 8, 0.0]]


def test_box_overlaps_by_hand():
    truth = [[0, 2, 2, 6], [0, 0, 2, 4], [0, 2, 2, 30], [0, 4, 2, 8]]
    crowd = np.array([False, False, True, False])
    overlaps = detection.box_overlaps([[0, 0, 2, 4]], truth, crowd)
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
        overlaps = detection.mask_overlaps(found.masks, truth.masks, truth.crowd)
        np.testing.assert_array_equal(overlaps, coco_mask.iou(*codes, crowd))
        # In C order: pycocotools takes the memory as it lies.
        flat = [t.boxes[:, [1, 0, 3, 2]].astype(float, order="C") for t in (found, truth)]
        for boxes in flat:
            boxes[:, 2:] -= boxes[:, :2]
        overlaps = detection.box_overlaps(found.boxes, truth.boxes, truth.crowd)
        np.testing.assert_array_equal(overlaps, coco_mask.iou(*flat, crowd))


def test_two_empty_masks_do_not_overlap():
    nothing = np.zeros((1, 4, 4), bool)
    assert detection.mask_overlaps(nothing, nothing, np.array([False])).tolist() == [[0.0]]


def test_one_detection_for_one_object():
    """The better score takes the object; the second is a duplicate although it fits better."""
    assert matched([[0.6], [0.9]]) == [0, -1]


def test_each_takes_what_it_overlaps_most():
    assert matched([[0.6, 0.9], [0.8, 0.95]]) == [1, 0]


def test_the_threshold_itself_is_enough():
    assert matched([[0.5]], 0.5) == [0]
    assert matched([[0.4999]], 0.5) == [-1]
    assert matched([[1.0]], 1.0) == [0]


def test_an_object_goes_before_a_crowd_that_fits_better():
    assert matched([[0.6, 0.9]], crowd=[False, True]) == [0]
    assert matched([[0.4, 0.9]], crowd=[False, True]) == [1]


def test_a_crowd_is_never_used_up():
    assert matched([[0.9], [0.8]], crowd=[True]) == [0, 0]


def judged(found, truth, **options) -> detection.Verdicts:
    return detection.judge([detection.compare(found, truth)], 1, **options)


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


def test_only_the_best_detections_of_a_picture_count(monkeypatch):
    monkeypatch.setattr(detection, "MAX_DETECTIONS", 1)
    truth = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1])
    found = things([(0, 0, 4, 4), (10, 10, 20, 20)], [1, 1], [0.2, 0.8])
    assert judged(found, truth).scores.tolist() == [0.8]


def test_boundaries_are_those_of_the_whole_picture(rng):
    masks = rng.random((6, 60, 80)) > 0.4
    masks[0] = False
    masks[1, :, :30] = True  # to the picture's edge, which counts as background
    masks[2] = np.pad(np.ones((30, 40), bool), ((12, 18), (17, 23)))
    whole = [boundary_band(mask, 2) for mask in masks]  # 2 % of a diagonal of 100
    np.testing.assert_array_equal(detection._bands(masks), whole)


def test_a_lost_rim_is_seen_by_the_boundary_and_not_by_the_mask():
    truth, shrunk = things([(2, 2, 22, 30)], [1]), things([(4, 4, 20, 28)], [1], [0.9])
    assert compare(shrunk, truth).overlaps[0, 0] == pytest.approx(384 / 560)
    assert compare(shrunk, truth, by="boundary").overlaps[0, 0] == 0


def test_bad_arguments_are_named():
    found, truth = things([(0, 0, 4, 4)], [1]), things([(0, 0, 4, 4)], [1])
    with pytest.raises(ArrayError, match="by: expected 'mask', 'box' or 'boundary', found 'Mask'"):
        detection.compare(found, truth, by="Mask")
    with pytest.raises(ArrayError, match=r"detected: expected \(N, H, W\) bool"):
        detection.mask_overlaps(found.masks.astype(float), truth.masks, truth.crowd)
    with pytest.raises(ArrayError, match="one height and width"):
        detection.mask_overlaps(found.masks[:, :5], truth.masks, truth.crowd)


# --- curves and averages ------------------------------------------------------------------------


def one_picture(hits: list[bool], objects: int):
    """A picture with `objects` objects, and detections with falling scores that hit or do not."""
    places = [(2 * k, 0, 2 * k + 2, 10) for k in range(objects)]
    free = iter(places)
    boxes = [next(free) if hit else (0, 20, 2, 30) for hit in hits]
    scores = [1 - 0.1 * k for k in range(len(hits))]
    return compare(things(boxes, [1] * len(hits), scores), things(places, [1] * objects))


def test_the_curve_by_hand():
    drawn = detection.curve(judge([one_picture([True, False, True], 4)], 1))
    np.testing.assert_allclose(drawn.precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(drawn.recall, [1 / 4, 1 / 4, 1 / 2])
    np.testing.assert_allclose(drawn.scores, [1, 0.9, 0.8])
    np.testing.assert_allclose(drawn.f1, [2 / 5, 1 / 3, 4 / 7])


def test_interpolation_takes_the_best_precision_at_this_or_any_higher_recall():
    drawn = detection.curve(judge([one_picture([True, False, True], 4)], 1))
    points = detection.interpolate(drawn)
    assert points[:26] == pytest.approx(1.0)  # recall 0 to 0.25
    assert points[26:51] == pytest.approx(2 / 3)
    assert points[51:] == pytest.approx(0.0)
    assert detection.average_precision(drawn) == pytest.approx((26 + 25 * 2 / 3) / 101)


def test_perfect_and_useless_detections():
    assert detection.score([one_picture([True, True], 2)]) == detection.Score(ap=1.0, ar=1.0)
    assert detection.score([one_picture([False], 2)]) == detection.Score(ap=0.0, ar=0.0)
    assert detection.score([one_picture([], 2)]) == detection.Score(ap=0.0, ar=0.0)


def test_nothing_to_find_is_undefined_and_not_zero():
    score = detection.score([one_picture([False], 0)])
    assert np.isnan(score.ap)
    assert np.isnan(score.ar)


def test_false_alarms_in_an_empty_picture_count():
    """A mean over the pictures of their own AP would not see them."""
    street, empty = one_picture([True, False], 2), one_picture([False], 0)
    assert detection.score([street, empty]).ap == pytest.approx(51 / 101)
    early = compare(things([(0, 0, 4, 4)], [1], [2.0]), things([], []))
    assert detection.score([street, early]).ap == pytest.approx(51 / 101 / 2)


# --- the bootstrap ------------------------------------------------------------------------------


def test_weights_are_repeated_pictures():
    pictures = [compare(*pair) for seed in (1, 2, 3) for pair in random_pictures(seed)]
    weights = np.arange(len(pictures)) % 3
    repeated = [p for p, w in zip(pictures, weights, strict=True) for _ in range(w)]
    weighted = detection.curve(judge(pictures, 1), weights)
    plain = detection.curve(judge(repeated, 1))
    # Ties of scores are in another order, so the curves are compared where a score ends.
    ends = {s: k for k, s in enumerate(weighted.scores)}
    for score, row in {s: k for k, s in enumerate(plain.scores)}.items():
        assert weighted.recall[ends[score]] == pytest.approx(plain.recall[row])
        assert weighted.precision[ends[score]] == pytest.approx(plain.precision[row])


def test_the_interval_holds_the_score_and_narrows_with_more_pictures():
    few = [compare(*pair) for seed in range(8) for pair in random_pictures(seed)]
    low, high = detection.interval(few, thresholds=[0.5], samples=100)
    assert 0 <= low < detection.score(few, thresholds=[0.5]).ap < high <= 1
    assert (low, high) == detection.interval(few, thresholds=[0.5], samples=100)
    narrow = detection.interval(few * 9, thresholds=[0.5], samples=100)
    assert (narrow[1] - narrow[0]) < 0.6 * (high - low)  # a third, give or take


def test_pictures_of_one_camera_are_drawn_together():
    """Each picture ten times says nothing new: drawn by camera the interval stays as wide."""
    few = [compare(*pair) for seed in range(8) for pair in random_pictures(seed)]
    options = {"thresholds": [0.5], "samples": 100}
    low, high = detection.interval(few, **options)
    cameras = np.tile(np.arange(len(few)), 10)
    by_camera = detection.interval(few * 10, units=cameras, **options)
    by_picture = detection.interval(few * 10, **options)
    assert by_camera[1] - by_camera[0] > 0.8 * (high - low)
    assert by_picture[1] - by_picture[0] < 0.5 * (high - low)


def test_an_interval_without_pictures_is_an_error():
    with pytest.raises(ArrayError, match="pictures: expected at least one"):
        detection.interval([])


# --- against pycocotools ------------------------------------------------------------------------


def reference(pictures, by: str) -> COCOeval:
    """pycocotools by its own documented way: dictionaries, `loadRes`, `evaluate`, `accumulate`."""
    images, annotations, results = [], [], []
    for image, (found, truth) in enumerate(pictures, start=1):
        images.append({"id": image, "height": SIZE[0], "width": SIZE[1]})
        for k in range(len(truth.classes)):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(truth.classes[k]),
                    "iscrowd": int(truth.crowd[k]),
                    "area": int(truth.masks[k].sum()),
                    **shape(truth, k, "both"),
                }
            )
        results += [
            {
                "image_id": image,
                "category_id": int(found.classes[k]),
                "score": float(found.scores[k]),
                **shape(found, k, by),
            }
            for k in range(len(found.classes))
        ]
    coco = COCO()
    coco.dataset = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number} for number in (1, 2, 3)],
        "info": {},
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        found = coco.loadRes(results) if results else COCO()
        evaluation = COCOeval(coco, found, "segm" if by == "mask" else "bbox")
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.params.maxDets = [100]
        if results:
            evaluation.evaluate()
            evaluation.accumulate()
    return evaluation


def shape(of, k: int, by: str) -> dict:
    ymin, xmin, ymax, xmax = (float(v) for v in of.boxes[k])
    box = {"bbox": [xmin, ymin, xmax - xmin, ymax - ymin]}
    code = coco_mask.encode(np.asfortranarray(of.masks[k].astype(np.uint8)))
    return {"mask": {}, "box": box, "both": box}[by] | (
        {} if by == "box" else {"segmentation": code}
    )


def mean(values: np.ndarray) -> float:
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else float("nan")


def assert_agrees(seed: int, by: str) -> None:
    pictures = random_pictures(seed)
    if not any(len(found.classes) for found, _ in pictures):
        return  # `loadRes` cannot take an empty list
    expected = reference(pictures, by).eval
    compared = [compare(*pair, by=by) for pair in pictures]
    for first, last in ((0, 10), (0, 1), (5, 6)):
        ours = detection.score(compared, thresholds=detection.IOU_THRESHOLDS[first:last])
        ap = mean(expected["precision"][first:last])
        ar = mean(expected["recall"][first:last])
        assert ours.ap == pytest.approx(ap, abs=1e-9, nan_ok=True), seed
        assert ours.ar == pytest.approx(ar, abs=1e-9, nan_ok=True), seed


@pytest.mark.parametrize("by", ["mask", "box"])
def test_agrees_with_pycocotools(by):
    for seed in range(30):
        assert_agrees(seed, by)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("by", ["mask", "box"])
def test_agrees_with_pycocotools_a_thousand_times(by):
    for seed in range(500):
        assert_agrees(1000 + seed, by)
