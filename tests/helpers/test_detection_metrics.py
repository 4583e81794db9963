"""Curves and averages: by hand, and against pycocotools on a thousand random data sets."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from helpers import detection_metrics as metrics
from helpers.detection_matching import compare, judge
from helpers.errors import ArrayError
from tests.helpers.detections import SIZE, random_pictures, things

AREAS = {"all": (0.0, 1e10), "small": (0.0, 25.0), "medium": (25.0, 64.0), "large": (64.0, 1e10)}
MAX_DETECTIONS = (1, 3, 100)


def one_picture(hits: list[bool], objects: int):
    """A picture with `objects` objects, and detections with falling scores that hit or do not."""
    places = [(2 * k, 0, 2 * k + 2, 10) for k in range(objects)]
    free = iter(places)
    boxes = [next(free) if hit else (0, 20, 2, 30) for hit in hits]
    scores = [1 - 0.1 * k for k in range(len(hits))]
    return compare(things(boxes, [1] * len(hits), scores), things(places, [1] * objects))


def test_the_curve_by_hand():
    drawn = metrics.curve(judge([one_picture([True, False, True], 4)], 1))
    np.testing.assert_allclose(drawn.precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(drawn.recall, [1 / 4, 1 / 4, 1 / 2])
    np.testing.assert_allclose(drawn.scores, [1, 0.9, 0.8])
    np.testing.assert_allclose(drawn.f1, [2 / 5, 1 / 3, 4 / 7])


def test_interpolation_takes_the_best_precision_at_this_or_any_higher_recall():
    drawn = metrics.curve(judge([one_picture([True, False, True], 4)], 1))
    points = metrics.interpolate(drawn)
    assert points[:26] == pytest.approx(1.0)  # recall 0 to 0.25
    assert points[26:51] == pytest.approx(2 / 3)
    assert points[51:] == pytest.approx(0.0)
    assert metrics.average_precision(drawn) == pytest.approx((26 + 25 * 2 / 3) / 101)


def test_perfect_and_useless_detections():
    assert metrics.score([one_picture([True, True], 2)]) == metrics.Score(ap=1.0, ar=1.0)
    assert metrics.score([one_picture([False], 2)]) == metrics.Score(ap=0.0, ar=0.0)
    assert metrics.score([one_picture([], 2)]) == metrics.Score(ap=0.0, ar=0.0)


def test_nothing_to_find_is_undefined_and_not_zero():
    score = metrics.score([one_picture([False], 0)])
    assert np.isnan(score.ap)
    assert np.isnan(score.ar)


def test_false_alarms_in_an_empty_picture_count():
    """A mean over the pictures of their own AP would not see them."""
    street, empty = one_picture([True, False], 2), one_picture([False], 0)
    assert metrics.score([street, empty]).ap == pytest.approx(51 / 101)
    early = compare(things([(0, 0, 4, 4)], [1], [2.0]), things([], []))
    assert metrics.score([street, early]).ap == pytest.approx(51 / 101 / 2)


# --- the bootstrap ------------------------------------------------------------------------------


def test_weights_are_repeated_pictures():
    pictures = [compare(*pair) for seed in (1, 2, 3) for pair in random_pictures(seed)]
    weights = np.arange(len(pictures)) % 3
    repeated = [p for p, w in zip(pictures, weights, strict=True) for _ in range(w)]
    weighted = metrics.curve(judge(pictures, 1), weights)
    plain = metrics.curve(judge(repeated, 1))
    # Ties of scores are in another order, so the curves are compared where a score ends.
    ends = {s: k for k, s in enumerate(weighted.scores)}
    for score, row in {s: k for k, s in enumerate(plain.scores)}.items():
        assert weighted.recall[ends[score]] == pytest.approx(plain.recall[row])
        assert weighted.precision[ends[score]] == pytest.approx(plain.precision[row])


def test_the_interval_holds_the_score_and_narrows_with_more_pictures():
    few = [compare(*pair) for seed in range(8) for pair in random_pictures(seed)]
    low, high = metrics.interval(few, thresholds=[0.5], samples=100)
    assert 0 <= low < metrics.score(few, thresholds=[0.5]).ap < high <= 1
    assert (low, high) == metrics.interval(few, thresholds=[0.5], samples=100)
    narrow = metrics.interval(few * 9, thresholds=[0.5], samples=100)
    assert (narrow[1] - narrow[0]) < 0.6 * (high - low)  # a third, give or take


def test_an_interval_without_pictures_is_an_error():
    with pytest.raises(ArrayError, match="pictures: expected at least one"):
        metrics.interval([])


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
        evaluation.params.areaRng = list(AREAS.values())
        evaluation.params.areaRngLbl = list(AREAS)
        evaluation.params.maxDets = list(MAX_DETECTIONS)
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
    for a, area in enumerate(AREAS.values()):
        for m, most in enumerate(MAX_DETECTIONS):
            for first, last in ((0, 10), (0, 1), (5, 6)):
                thresholds = metrics.IOU_THRESHOLDS[first:last]
                ours = metrics.score(
                    compared, thresholds=thresholds, max_detections=most, area=area
                )
                ap = mean(expected["precision"][first:last, :, :, a, m])
                ar = mean(expected["recall"][first:last, :, a, m])
                assert ours.ap == pytest.approx(ap, abs=1e-9, nan_ok=True), (seed, area, most)
                assert ours.ar == pytest.approx(ar, abs=1e-9, nan_ok=True), (seed, area, most)


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
