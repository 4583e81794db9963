from __future__ import annotations

from dataclasses import replace

import pytest

from parking.events import SURE, EventFinder
from parking.rules import THRESHOLDS
from tests.parking.made import FORBIDDEN, LANE, camera, detections, moment, parks, silhouette


def run(script, frames: int, fps: float = 2.0, view=None, score: float = 0.9):
    """Alerts (frame, event) and all events of a script."""
    view = view or camera()
    finder = EventFinder("made", view)
    finder.frame_seconds = 1 / fps
    alerts, events = [], []
    for index in range(frames):
        found = detections(script(index), score)
        _, reached, ended = finder.update(moment(index, fps), found)
        alerts += [(index, event) for event in reached]
        events += ended
    return alerts, events + finder.finish()


def test_a_violation_is_told_once_when_it_reaches_the_limit() -> None:
    alerts, events = run(parks(4, 33), 40)
    ((frame, alert),) = alerts
    assert frame == 4 + 16 - 1  # eight seconds at two frames a second
    (event,) = events
    assert event.violation and event.zone == FORBIDDEN and event.rule == "footprint"
    assert (event.first_frame, event.last_frame) == (4, 33) and event.seconds == 15
    assert event.event == alert.event and not event.ongoing


@pytest.mark.parametrize(("length", "violation"), [(15, False), (16, True)])
def test_the_limit_is_eight_seconds(length: int, violation: bool) -> None:
    alerts, events = run(parks(4, 4 + length - 1), 30)
    assert [event.violation for event in events] == [violation]
    assert len(alerts) == violation


def test_waiting_in_the_lane_and_parking_where_it_is_allowed_never_alarm() -> None:
    alerts, events = run(parks(4, 14, x=0.0), 30)
    assert alerts == [] and [event.zone for event in events] == [LANE]
    assert run(parks(4, 33, x=2.95), 40)[1] == []


def test_standing_in_the_lane_for_long_does_alarm() -> None:
    alerts, _ = run(parks(4, 33, x=0.0), 40)
    assert [event.zone for _, event in alerts] == [LANE]


def test_driving_through_is_no_event() -> None:
    assert run(lambda k: [("car", silhouette(0.0, 11.0 + 3 * k))], 12) == ([], [])


def test_what_still_stands_at_the_end_is_ongoing() -> None:
    _, (event,) = run(parks(4, 100), 30)
    assert event.ongoing and event.last_frame == 29


def test_doubt_is_said() -> None:
    _, (sure,) = run(parks(4, 33), 40)
    assert not sure.needs_review and sure.reasons == ()
    _, (weak,) = run(parks(4, 33), 40, score=0.55)
    assert weak.needs_review and "detector" in weak.reasons[0]
    # A hand's width over the kerb: it might as well be beside it.
    doubtful = [run(parks(4, 33, x=x), 40)[1] for x in (3.20, 3.24, 3.28, 3.32, 3.36)]
    assert any(events and events[0].needs_review for events in doubtful)


def test_what_may_stand_outside_is_shown_to_a_person_and_not_reported() -> None:
    seen = {"sure": 0, "unsure": 0}
    for x in (3.26, 3.28, 3.30, 3.32, 3.34, 3.40):  # a little further onto the sidewalk each
        alerts, events = run(parks(4, 33, x=x), 40)
        for event in events:
            if event.share < THRESHOLDS["footprint"]:
                continue
            sure = event.confidence >= SURE
            seen["sure" if sure else "unsure"] += 1
            assert event.violation == sure and len(alerts) == sure
            assert sure or event.needs_review
    assert seen["sure"] and seen["unsure"], seen


def test_without_calibration_the_contact_strip_decides_and_a_person_looks() -> None:
    view = replace(camera(), matrix=None, homography=None)
    _, (event,) = run(parks(4, 33), 40, view=view)
    assert event.rule == "contact" and event.violation and event.needs_review
    assert event.footprint is None


def test_an_event_is_plain_json() -> None:
    import json

    _, (event,) = run(parks(4, 33), 40)
    again = json.loads(json.dumps(event.as_json()))
    assert again["zone"] == FORBIDDEN and again["seconds"] == 15.0 and len(again["footprint"]) == 4
