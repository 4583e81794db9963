from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from parking.rules import (
    RULES,
    THRESHOLDS,
    contact_strip,
    vehicles,
    verdicts,
)
from parking.zones import Camera, Zone
from tests.parking.made import camera, detections, silhouette

SIZE = (20, 20)


def flat(*zones: Zone) -> Camera:
    return Camera("flat", SIZE, zones)


def zone(left: int, right: int, **facts) -> Zone:
    corners = np.array([(left, 0), (right, 0), (right, 19), (left, 19)], float)
    return Zone("z", "sidewalk", **dict(no_parking=True, needs_time=False) | facts, image=corners)


def seen(mask: np.ndarray, view: Camera, *others: np.ndarray):
    found = detections([])
    masks = np.array([mask, *others], bool)
    boxes = [(r.min(), c.min(), r.max() + 1, c.max() + 1) for r, c in map(np.nonzero, masks)]
    found = replace(
        found,
        boxes=np.array(boxes, np.float32),
        masks=masks,
        scores=np.full(len(masks), 0.9),
        classes=np.array([1] + [3] * len(others)),
        class_names=("car",) + ("person",) * len(others),
    )
    return vehicles(found, view)


def triangle() -> np.ndarray:
    """Columns 4 to 11, each as high as its number says, all standing on row 15."""
    mask = np.zeros(SIZE, bool)
    for column in range(4, 12):
        mask[16 - column : 16, column] = True
    return mask


def test_shares_of_box_mask_and_strip_are_exact() -> None:
    view = flat(zone(10, 19))  # two of the eight columns
    car = seen(triangle(), view)
    assert RULES["box"](car)[0, 0] == pytest.approx(2 / 8)
    assert RULES["mask"](car)[0, 0] == pytest.approx((10 + 11) / sum(range(4, 12)))
    assert RULES["contact"](car)[0, 0] == pytest.approx(2 / 8)


def test_people_are_not_judged_but_hide() -> None:
    person = np.zeros(SIZE, bool)
    person[8:18, 9:12] = True
    car = seen(triangle() & ~person, flat(zone(10, 19)), person)
    assert len(car) == 1
    assert car.nearer[0].sum() == person.sum()
    assert RULES["contact"](car)[0, 0] == 0  # the columns over the zone are hidden from below


def test_a_strip_has_its_height_and_follows_the_lower_edge() -> None:
    strip = contact_strip(triangle(), height=2)
    assert strip.sum() == 2 * 8 and strip[14:16, 4:12].all()
    assert not contact_strip(np.zeros(SIZE, bool)).any()
    everywhere = np.ones(SIZE, bool)
    assert contact_strip(triangle(), everywhere).sum() == 3 * 8  # all hidden: all count


def test_height_fools_box_and_mask_but_not_the_footprint() -> None:
    """A car in its parking space, whose roof hides the sidewalk behind it."""
    view = camera()
    car = vehicles(detections([("car", silhouette(2.95, 24.0))]), view)
    names = [each.name for each in view.forbidden]
    at = names.index("sidewalk")
    assert RULES["box"](car)[0, at] > 0.1
    assert RULES["footprint"](car)[0, at] < THRESHOLDS["footprint"]


def test_zones_that_need_time_are_left_to_clips() -> None:
    view = camera()
    car = vehicles(detections([("car", silhouette(0.0, 20.0))]), view)
    assert RULES["footprint"](car)[0].max() > 0.9  # it is in the lane
    assert not any(verdict.offends for rule in RULES for verdict in verdicts(car, rule))


@pytest.mark.parametrize("rule", RULES)
def test_a_car_on_the_sidewalk_offends_and_nothing_gives_nothing(rule: str) -> None:
    view = camera()
    car = vehicles(detections([("car", silhouette(5.4, 20.0))]), view)
    (verdict,) = verdicts(car, rule)
    assert verdict.offends and verdict.zone == "sidewalk"
    nobody = vehicles(detections([]), view)
    assert verdicts(nobody, rule) == [] and RULES[rule](nobody).shape == (0, 2)
