from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from helpers import records
from helpers.kerbside import clip_files, record_files
from parking.scores import (
    Judged,
    at_least,
    choose,
    f1_difference,
    judge,
    match_events,
    precision_at,
    score_clip,
    summary,
    table,
    true_detections,
)
from tests.parking.test_report import EVENT

TRUE = {"vehicle": 7, "zone": "sidewalk", "first_frame": 4, "last_frame": 33, "violation": True}


@pytest.mark.parametrize(
    ("event", "owner", "right"),
    [
        (EVENT, 7, True),
        (EVENT, 8, False),  # another vehicle
        (replace(EVENT, zone="lane"), 7, False),
        (replace(EVENT, first_frame=19), 7, True),  # exactly half of the time
        (replace(EVENT, first_frame=20), 7, False),
        (replace(EVENT, last_frame=63), 7, True),
        (replace(EVENT, last_frame=64), 7, False),
    ],
)
def test_right_means_vehicle_zone_and_half_of_the_time(event, owner, right) -> None:
    assert bool(match_events([event], [TRUE], {1: owner})) == right


def test_one_true_event_is_found_once() -> None:
    twice = [EVENT, replace(EVENT, first_frame=8)]
    assert match_events(twice, [TRUE], {1: 7}) == [(0, 0)]


def test_with_true_masks_a_validation_clip_is_told_right() -> None:
    """Five events, two of them violations; a brief stop and waiting do not alarm."""
    score = score_clip(clip_files("val")[0])
    result = summary([score])
    assert result["precision"] == 1 and result["recall"] == 1
    assert result["offences"] == result["alarms"] == 2
    assert result["dwell_error_worst_frames"] <= 2
    assert len(score.pairs) == len(score.truth) == 5
    assert result["precision_ci95"] == result["recall_ci95"] == [1, 1]
    # The unit is the clip: one with everything right and one with nothing say nearly nothing.
    both = summary([score, replace(score, pairs=[])])
    assert both["precision"] == 0.5 and both["recall_ci95"] == [0, 1]


def judged(truth, share, cameras=None) -> Judged:
    truth = np.array(truth, bool)
    return Judged(
        scene=np.arange(len(truth)),
        truth=truth,
        share=np.array(share, float),
        vehicle=np.arange(len(truth)),
        detection=np.arange(len(truth)),
        zone=np.array(["sidewalk"] * len(truth), object),
        cameras=np.array(cameras if cameras is not None else range(len(truth))),
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


def test_intervals_draw_cameras_and_not_stills() -> None:
    """Ten stills of one camera are one observation: the interval of one camera has no width."""
    made = [1, 0] * 10, [0.9, 0.8] * 10
    one, ten = judged(*made, cameras=[7] * 20), judged(*made, cameras=[*range(10)] * 2)
    assert one.summary(0.5)["f1_low"] == one.summary(0.5)["f1_high"]
    assert ten.summary(0.5)["f1_low"] < ten.summary(0.5)["f1_high"]
    assert one.counts(0.5).shape == (1, 2, 2) and ten.counts(0.5).shape == (10, 2, 2)


def test_precision_falls_with_the_base_rate() -> None:
    """Recall 0.9 and 2 % false alarms: by hand 0.018 / (0.018 + 0.0196) where 2 % offend."""
    matrix = np.array([[980, 20], [10, 90]])
    assert precision_at(0.02, matrix) == pytest.approx(0.018 / (0.018 + 0.0196))
    assert precision_at(100 / 1100, matrix) == pytest.approx(90 / 110)  # as it is in the split
    many = precision_at(0.05, np.stack([matrix, matrix]))
    assert many.shape == (2,) and many[0] > precision_at(0.02, matrix)


def stills(split: str, count: int) -> list:
    return list(itertools.islice(records.read(record_files(split)), count))


def test_with_true_masks_the_footprint_beats_the_box_on_validation_stills() -> None:
    """On the first 60 the footprint has an F1 of 1.0 and the box one of 0.64; 12 do for a test."""
    result = judge(stills("val", 12), rules=("box", "footprint"))
    box, footprint = (result[rule] for rule in ("box", "footprint"))
    assert footprint.truth.sum() >= 10
    best = footprint.summary(0.11)
    assert best["f1"] >= 0.95
    assert box.summary(box.best_threshold())["f1"] < 0.85


def test_a_detector_that_sees_nothing_or_too_much() -> None:
    (first,) = stills("val", 1)
    truth = true_detections(first)

    nothing = truth.take(np.zeros(len(truth), bool))
    blind = judge([first], [nothing], rules=("footprint",))["footprint"]
    assert len(blind.share) and (blind.share == -1).all()

    ghost = np.zeros((1, 240, 320), bool)
    ghost[:, 200:230, 10:60] = True

    ghosts = replace(
        truth, boxes=np.array([[200, 10, 230, 60]], np.float32), masks=ghost,
        scores=np.ones(1, np.float32), classes=np.ones(1, int), class_names=("car",),
    )  # fmt: skip
    seen = judge([first], [ghosts], rules=("box",))["box"]
    assert (seen.vehicle == -1).sum() == 1 and not seen.truth[seen.vehicle == -1].any()


def test_each_rule_chooses_its_own_score_on_another_split() -> None:
    """What is found weakly is right here, so the least score is chosen."""
    judged = ((e, judge([e], rules=("footprint",))["footprint"]) for e in stills("val", 12))
    first = next(example for example, row in judged if row.truth.sum() >= 3)
    truth = true_detections(first)
    scores = np.where(np.arange(len(truth)) < 2, 0.9, 0.35).astype(np.float32)
    chosen = choose([first], [replace(truth, scores=scores)], ("footprint",))
    assert chosen["footprint"][0] == 0.3  # those found weakly are right
    rows, differences = table([first], [replace(truth, scores=scores)], chosen)
    assert differences == []  # one rule alone
    assert rows["footprint"]["least_score"] == 0.3 and rows["footprint"]["recall"] == 1
    kept = at_least([replace(truth, scores=scores)], 0.5)
    assert len(kept[0]) == 2


def test_a_difference_on_the_same_cameras_is_known_better_than_either_score():
    rng = np.random.default_rng(0)
    hard = rng.integers(0, 9, 30)  # what is hard about a camera is hard for both
    first = np.array([[[20, k], [k, 10]] for k in hard])
    second = first + [[1, -1], [0, 0]] * (hard > 0)[:, None, None]  # one false alarm less
    assert f1_difference(first, first) == {"f1": 0, "f1_low": 0, "f1_high": 0}
    found = f1_difference(first, second)
    assert 0 < found["f1_low"] < found["f1"] < found["f1_high"] < 0.1
    back = f1_difference(second, first)
    np.testing.assert_allclose([back["f1"], back["f1_low"]], [-found["f1"], -found["f1_high"]])
    apart = f1_difference(first, second[rng.permutation(30)])  # as if of other cameras
    assert apart["f1_high"] - apart["f1_low"] > 2 * (found["f1_high"] - found["f1_low"])
