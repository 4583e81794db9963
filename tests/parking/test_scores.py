from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.kerbside import clip_files
from parking.scores import match, score_clip, summary
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
    assert bool(match([event], [TRUE], {1: owner})) == right


def test_one_true_event_is_found_once() -> None:
    twice = [EVENT, replace(EVENT, first_frame=8)]
    assert match(twice, [TRUE], {1: 7}) == [(0, 0)]


def test_with_true_masks_a_validation_clip_is_told_right() -> None:
    """Five events, two of them violations; a brief stop and waiting do not alarm."""
    score = score_clip(clip_files("val")[0])
    result = summary([score])
    assert result["precision"] == 1 and result["recall"] == 1
    assert result["offences"] == result["alarms"] == 2
    assert result["dwell_error_worst_frames"] <= 2
    assert len(score.pairs) == len(score.truth) == 5
