from __future__ import annotations

import cv2
import numpy as np

from parking.drawing import crop, draw_zones, jpeg, private, words
from tests.parking.made import SIZE, camera, detections, silhouette, street


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
    assert hidden[lower].std() < 25
    roof = car & (np.arange(SIZE[0])[:, None] < rows[0] + 0.3 * len(rows))
    assert np.array_equal(hidden[roof], image[roof])
    elsewhere = ~cv2.dilate((car | person).astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert np.array_equal(hidden[elsewhere], image[elsewhere])


def test_nothing_detected_changes_nothing() -> None:
    assert np.array_equal(private(street(), detections([])), street())


def test_a_crop_stays_inside() -> None:
    image = street()
    assert crop(image, (0, 0, 10, 10)).shape[:2] < SIZE
    assert crop(image, (50, 60, 70, 100)).size > 0
    assert crop(image, (100, 150, 120, 160), least=40).size > 0


def test_drawing_does_not_change_the_picture_given() -> None:
    image = street()
    drawn = draw_zones(image, camera())
    assert np.array_equal(image, street()) and not np.array_equal(drawn, image)
    words(drawn, "far too long for this picture, all of it", (150, 2), (255, 255, 255))


def test_a_jpeg_keeps_red_red() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    again = cv2.imdecode(np.frombuffer(jpeg(red), np.uint8), cv2.IMREAD_COLOR)
    assert again[..., 2].mean() > 180 and again[..., 0].mean() < 20  # BGR
