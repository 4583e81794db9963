from __future__ import annotations

import numpy as np

from parking.tracking import Tracker
from tests.parking.made import SIZE, camera, detections, moment, parks, silhouette


def follow(frames: list[list], fps: float = 2.0) -> Tracker:
    tracker = Tracker(camera())
    tracker.seen = [
        tracker.update(moment(index, fps), detections(each)) for index, each in enumerate(frames)
    ]
    return tracker


def stands(tracker: Tracker) -> list[tuple[int, int]]:
    tracker.finish()
    found = [(stand.first.index, stand.last.index) for _, stand in tracker.ended if stand.seen >= 3]
    return sorted(found)


def test_a_stand_begins_and_ends_when_the_car_does() -> None:
    script = parks(5, 24)
    tracker = follow([script(index) for index in range(32)])
    assert stands(tracker) == [(5, 24)]


def test_a_passing_person_ends_nothing() -> None:
    car = silhouette(5.2, 18.0)
    rows, columns = np.nonzero(car)

    def person(index: int) -> list:
        mask = np.zeros(SIZE, bool)
        left = columns.min() - 12 + 4 * index
        if 0 <= left < SIZE[1] - 12:
            mask[rows.min() : rows.max() + 3, left : left + 12] = True
        return [("person", mask)]

    tracker = follow([[*person(index), ("car", car)] for index in range(20)])
    assert stands(tracker) == [(0, 19)]
    assert len({track.number for seen in tracker.seen for track in seen}) == 1


def test_hidden_for_long_is_still_there() -> None:
    """A van stops before the car for 20 s, then drives on."""
    car, van = ("car", silhouette(0.0, 24.0)), ("van", silhouette(0.0, 17.0, (6, 2.6, 3.2)))
    frames = [[car]] * 6 + [[van]] * 40 + [[car]] * 6
    tracker = follow(frames)
    assert (0, 51) in stands(tracker)


def test_a_part_of_what_stands_ends_nothing() -> None:
    """The detector sees only its left half for a while: something hides the rest."""
    car = silhouette(5.2, 18.0)
    half = car & (np.arange(SIZE[1]) < np.flatnonzero(car.any(axis=0)).mean())
    frames = [[("car", car)]] * 6 + [[("car", half)]] * 10 + [[("car", car)]] * 6
    tracker = follow(frames)
    assert stands(tracker) == [(0, 21)]
    assert tracker.ended[-1][1].hidden_frames == 10


def test_a_car_that_is_gone_and_one_that_comes_later_are_two() -> None:
    car = [("car", silhouette(5.2, 18.0))]
    tracker = follow([car] * 6 + [[]] * 12 + [car] * 6)
    assert stands(tracker) == [(0, 5), (18, 23)]


def test_a_detector_that_blinks_does_not_split_a_stand() -> None:
    car = [("car", silhouette(5.2, 18.0))]
    tracker = follow(([car] * 3 + [[]] * 2) * 4)
    assert stands(tracker) == [(0, 17)]


def test_slowly_passing_is_no_stand() -> None:
    tracker = follow([[("car", silhouette(0.0, 12.0 + 1.5 * k))] for k in range(14)])
    assert all(last - first < 6 for first, last in stands(tracker))


def test_a_weak_detection_starts_nothing_but_goes_on_with_something() -> None:
    car = [("car", silhouette(5.2, 18.0))]
    tracker = Tracker(camera())
    assert tracker.update(moment(0), detections(car, score=0.35)) == []
    assert len(tracker.update(moment(1), detections(car, score=0.9))) == 1
    assert len(tracker.update(moment(2), detections(car, score=0.35))) == 1


def test_braking_frames_are_trimmed() -> None:
    places = [15.0, 16.6, 17.6, *[18.0] * 12, 18.4, 19.4, 21.0]
    tracker = follow([[("car", silhouette(5.2, y))] for y in places])
    tracker.finish()
    (stand,) = [stand for _, stand in tracker.ended if stand.seen >= 10]
    first, last = stand.trimmed(0.04)
    assert abs(first.index - 3) <= 1 and abs(last.index - 14) <= 1


def test_memory_does_not_grow_with_time() -> None:
    car = [("car", silhouette(5.2, 18.0))]
    tracker = follow([car] * 300)
    (track,) = tracker.tracks
    assert len(track.stand.head) + len(track.stand.tail) <= 12
    assert track.stand.visible.max() < 100  # old votes fade
    assert track.stand.seen == 300
