from __future__ import annotations

import itertools
import re

import cv2
import numpy as np

from helpers.masks import mask_to_box
from parking.drawing import Evidence, crop, draw_zones, jpeg, private, write_texts
from parking.events import EventFinder, Frame
from parking.rules import contact_strip
from tests.parking.made import SIZE, camera, detections, moment, parks, silhouette, street


def test_people_and_plates_are_unreadable_and_the_rest_is_not_touched() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    person = np.zeros(SIZE, bool)
    person[20:60, 120:135] = True
    car = silhouette(0.0, 14.0)
    hidden = private(image, detections([("car", car), ("person", person)]))
    assert image[person].std() > 60 and hidden[person].std() < 25
    rows = np.flatnonzero(car.any(axis=1))
    lower = car & (np.arange(SIZE[0])[:, None] > rows[0] + 0.6 * len(rows))
    assert hidden[lower & (np.arange(SIZE[0])[:, None] < rows[-1] - 5)].std() < 25
    roof = car & (np.arange(SIZE[0])[:, None] < rows[0] + 0.3 * len(rows))
    assert np.array_equal(hidden[roof], image[roof])
    near = cv2.dilate(car.astype(np.uint8), np.ones((5, 5)))
    near[10:70, 110:145] = 1  # a person's box, larger by 15 % of its height and two pixels
    elsewhere = ~near.astype(bool)
    assert np.array_equal(hidden[elsewhere], image[elsewhere])


def test_wheels_and_kerb_stay_as_they_are() -> None:
    """A reviewer has to see where the vehicle touches the ground."""
    image = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    car = silhouette(0.0, 14.0)
    hidden = private(image, detections([("car", car)]))
    lowest = contact_strip(car, height=2)
    assert np.array_equal(hidden[lowest], image[lowest])
    ground = ~car & (np.arange(SIZE[0])[:, None] > np.flatnonzero(car.any(axis=1))[-1])
    assert np.array_equal(hidden[ground], image[ground])


def test_the_head_above_a_mask_that_ends_at_the_neck_is_hidden() -> None:
    image = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    body = np.zeros(SIZE, bool)
    body[30:70, 60:75] = True
    hidden = private(image, detections([("person", body)]))
    assert hidden[24:30, 60:75].std() < 25 < image[24:30, 60:75].std()


def test_labels_do_not_cover_each_other() -> None:
    images = [np.full((*SIZE, 3), 255, np.uint8) for _ in range(5)]
    for count, image in enumerate(images):
        texts = ("one", "two", "three", "four")[:count]
        write_texts(image, [(text, (40, 50)) for text in texts])
    inked = np.array([(image != 255).any(axis=2) for image in images])
    for before, after in itertools.pairwise(inked):  # each new text has a ground of its own
        new = after & ~before
        top, left, bottom, right = mask_to_box(new).astype(int)
        assert new[top:bottom, left:right].mean() > 0.9
        assert not before[top:bottom, left:right].any()


def test_evidence_is_in_order_of_time() -> None:
    """At the limit, that of the pictures within a second in which most can be seen."""
    view, finder = camera(), EventFinder("made", camera())
    finder.frame_seconds = 0.5
    evidence, script, events = Evidence(view), parks(4, 33), []
    for index in range(40):
        found = detections(script(index))
        judged = finder.update(moment(index), found)
        events += judged[-1]
        evidence.see(Frame(moment(index), street(), found, *judged, finder), street())
    (event,) = events
    captions = [caption for caption, _ in evidence.sheets(events)[event.event]]
    seconds = [float(re.search(r"([\d.]+) s", caption)[1]) for caption in captions]
    assert seconds == sorted(seconds) and len(seconds) == 3
    names = [caption.split(":")[0] for caption in captions]
    assert names == ["first seen standing", "reported", "last seen"]


def test_a_recording_twice_as_large_shows_the_same_in_more_pixels() -> None:
    """Cameras send a small stream, which is analysed, and record a large one."""
    twice = [side * 2 for side in SIZE]
    image = np.random.default_rng(0).integers(0, 255, (*twice, 3), dtype=np.uint8)
    small, car = image[::2, ::2], silhouette(0.0, 14.0)
    person = np.zeros(SIZE, bool)
    person[20:60, 120:135] = True
    found = detections([("car", car), ("person", person)])
    changed = (private(small, found) != small).any(axis=2)
    large = (private(image, found) != image).any(axis=2)
    assert (large == changed.repeat(2, axis=0).repeat(2, axis=1)).mean() > 0.99

    finder, pictures = EventFinder("made", camera()), {}
    finder.frame_seconds = 0.5
    sheets, script, events = {times: Evidence(camera()) for times in (1, 2)}, parks(4, 33), []
    for index in range(40):
        found = detections(script(index))
        judged = finder.update(moment(index), found)
        events += judged[-1]
        for times, evidence in sheets.items():
            shown = street().repeat(times, axis=0).repeat(times, axis=1)
            evidence.see(Frame(moment(index), street(), found, *judged, finder), shown)
    for times, evidence in sheets.items():
        kept = evidence.sheets(events)[events[0].event]
        shots = (cv2.imdecode(np.frombuffer(jpeg_, np.uint8), 1) for _, jpeg_ in kept)
        pictures[times] = list(shots)
    for one, other in zip(*pictures.values(), strict=True):
        assert np.abs(np.subtract(one.shape, other.shape)).max() <= 8  # 2 pixels of a frame
        assert one.shape[0] > 300


def test_people_are_hidden_in_a_picture_of_any_size() -> None:
    person = np.zeros(SIZE, bool)
    person[20:60, 120:135] = True
    found = detections([("person", person)])
    for scale in (0.5, 2.5):
        height, width = (int(side * scale) for side in SIZE)
        image = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
        changed = (private(image, found) != image).any(axis=2)
        inside = np.s_[int(24 * scale) : int(56 * scale), int(122 * scale) : int(133 * scale)]
        assert changed[inside].mean() > 0.9
        assert changed.mean() < 0.5


def test_nothing_detected_changes_nothing() -> None:
    assert np.array_equal(private(street(), detections([])), street())


def test_a_crop_stays_inside() -> None:
    image = street()
    assert crop(image, (0, 0, 10, 10)).shape[:2] < SIZE
    assert crop(image, (50, 60, 70, 100)).size > 0
    assert crop(image, (100, 150, 120, 160)).size > 0


def test_drawing_does_not_change_the_picture_given() -> None:
    image = street()
    drawn = draw_zones(image, camera())
    assert np.array_equal(image, street()) and not np.array_equal(drawn, image)
    write_texts(drawn, [("far too long for this picture, all of it", (150, 2))])


def test_a_jpeg_keeps_red_red() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    again = cv2.imdecode(np.frombuffer(jpeg(red), np.uint8), cv2.IMREAD_COLOR)
    assert again[..., 2].mean() > 180 and again[..., 0].mean() < 20  # BGR
