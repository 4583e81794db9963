from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers import records
from helpers.kerbside import record_files
from parking.stills import Judged, judge, table, true_detections


def judged(truth, share, scene=None) -> Judged:
    truth = np.array(truth, bool)
    return Judged(
        rule="made",
        scene=np.array(scene if scene is not None else range(len(truth))),
        truth=truth,
        share=np.array(share, float),
        right_zone=truth,
        vehicle=np.arange(len(truth)),
        scenes=len(truth),
    )


MADE = judged([1, 1, 1, 0, 0, 0], [0.9, 0.4, -1, 0.6, 0.1, 0.0])


def test_counts_precision_and_recall_by_hand() -> None:
    row = MADE.summary(0.3)
    assert (row["false_alarms"], row["misses"], row["offences"]) == (1, 1, 3)
    assert row["precision"] == pytest.approx(2 / 3) and row["recall"] == pytest.approx(2 / 3)
    assert row["f1"] == pytest.approx(2 / 3)
    assert row["f1_low"] < row["f1"] < row["f1_high"]


def test_a_missed_vehicle_is_never_reported() -> None:
    assert not MADE.reported(0.0)[2]
    assert judged([1], [-1.0]).best_threshold() == 1.0


def test_the_best_threshold_is_between_the_shares_it_divides() -> None:
    clear = judged([1, 1, 0, 0], [0.8, 0.6, 0.2, 0.1])
    assert 0.2 < clear.best_threshold() < 0.6
    assert clear.summary(clear.best_threshold())["f1"] == 1


def test_false_alarms_at_a_recall() -> None:
    assert MADE.alarms_at_recall(1 / 3) == 0
    assert MADE.alarms_at_recall(2 / 3) == 1
    assert MADE.alarms_at_recall(1.0) is None  # one was never seen
    assert MADE.alarms_at_recall(0.0) == 0


def test_a_threshold_comes_from_the_other_split() -> None:
    chosen, scored = judged([1, 0], [0.5, 0.3]), judged([1, 0], [0.9, 0.45])
    row = table({"made": chosen}, {"made": scored})["made"]
    assert row["threshold"] == pytest.approx(0.4) and row["false_alarms"] == 1


def test_with_true_masks_the_footprint_beats_the_box_on_validation_stills() -> None:
    """On the first 60 the footprint has an F1 of 1.0 and the box one of 0.64; 12 do for a test."""
    result = judge("val", rules=("box", "footprint"), limit=12)
    box, footprint = (result[rule] for rule in ("box", "footprint"))
    assert footprint.truth.sum() >= 10
    best = footprint.summary(0.11)
    assert best["f1"] >= 0.95
    assert footprint.right_zone[footprint.truth].mean() >= 0.9
    assert box.summary(box.best_threshold())["f1"] < 0.85


def test_a_detector_that_sees_nothing_or_too_much() -> None:
    first = next(iter(records.read(record_files("val"))))
    truth = true_detections(first)

    def nothing(image):
        return replace(
            truth, boxes=truth.boxes[:0], masks=truth.masks[:0], scores=truth.scores[:0],
            classes=truth.classes[:0], class_names=(),
        )  # fmt: skip

    blind = judge("val", nothing, rules=("footprint",), limit=1)["footprint"]
    assert len(blind.share) and (blind.share == -1).all()

    ghost = np.zeros((1, 240, 320), bool)
    ghost[:, 200:230, 10:60] = True

    def ghosts(image):
        return replace(
            truth, boxes=np.array([[200, 10, 230, 60]], np.float32), masks=ghost,
            scores=np.ones(1, np.float32), classes=np.ones(1, int), class_names=("car",),
        )  # fmt: skip

    seen = judge("val", ghosts, rules=("box",), limit=1)["box"]
    assert (seen.vehicle == -1).sum() == 1 and not seen.truth[seen.vehicle == -1].any()
