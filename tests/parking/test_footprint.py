from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import DATA
from helpers.masks import rle_to_mask
from parking.footprint import fit, share_in
from parking.rules import nearer_masks
from parking.zones import read_camera
from tests.parking.made import SIZE, camera, silhouette


def fitted(mask, view=None, nearer=None, name="car"):
    """The footprint of one vehicle; nothing hides it, unless `nearer` does."""
    nearer = np.zeros_like(mask) if nearer is None else nearer
    return fit([mask], [name], view or camera(), [nearer])[0]


@pytest.mark.parametrize(("x", "y"), [(0.0, 15.0), (5.2, 18.0), (-4.0, 22.0), (3.0, 30.0)])
def test_the_footprint_of_a_box_is_found(x: float, y: float) -> None:
    found = fitted(silhouette(x, y))
    assert abs(found.centre[0] - x) < 0.25
    assert abs(found.centre[1] - y) < 0.8  # a pixel is half a metre deep there


def test_what_something_nearer_hides_is_not_missed() -> None:
    """A wall before the car's lower half must not make the car stand farther away."""
    whole = silhouette(0.0, 18.0)
    rows = np.flatnonzero(whole.any(axis=1))
    wall = np.zeros(SIZE, bool)
    wall[(rows[0] + rows[-1]) // 2 :] = True
    told = fitted(whole & ~wall, nearer=wall)
    untold = fitted(whole & ~wall)
    assert abs(told.centre[1] - 18) < 2 < untold.centre[1] - 18
    assert told.hidden > 0.2 > untold.hidden


def test_a_mask_that_ends_just_before_the_edge_of_the_frame_is_cut_by_it() -> None:
    """Predicted masks do; taken for the vehicle's own end, it would be a metre off."""
    whole = silhouette(6.0, 10.0)
    assert whole[:, -1].any()
    short = whole.copy()
    short[:, -2:] = False
    expected, found = (fitted(mask) for mask in (whole, short))
    assert min(found.hidden, expected.hidden) > 0.3
    np.testing.assert_allclose(found.corners, expected.corners, atol=0.1)


def test_shares_are_exact_areas() -> None:
    zone = camera().zone("sidewalk")  # x from 4 to 7, y from 10 to 40
    rectangle = np.array([(3.0, 20.0), (5.0, 20.0), (5.0, 24.0), (3.0, 24.0)])
    assert share_in(rectangle, zone) == pytest.approx(0.5)
    assert share_in(rectangle - np.array([2, 0]), zone) == 0
    assert share_in(rectangle + np.array([1.5, 0]), zone) == pytest.approx(1)
    assert share_in(rectangle + np.array([0, 18]), zone) == pytest.approx(0.25)


def test_a_sure_footprint_has_a_narrow_interval() -> None:
    zone = camera().zone("sidewalk")
    near = fitted(silhouette(4.0, 14.0))
    low, high, sure = near.certainty(zone, 0.11)
    share = share_in(near.corners, zone)
    assert low <= share <= high
    assert 0.3 < share < 0.7 and sure == 1
    assert near.certainty(zone, 0.99) == (low, high, 0)


@pytest.mark.parametrize(
    "mask", [np.zeros(SIZE, bool), np.eye(*SIZE, dtype=bool) & (np.arange(160) < 4)]
)
def test_a_mask_that_says_nothing_gives_none(mask: np.ndarray) -> None:
    assert fitted(mask) is None


def test_lower_in_the_picture_is_nearer() -> None:
    masks = np.zeros((2, 10, 10), bool)
    masks[0, 2:5, 2:8] = True
    masks[1, 4:9, 5:9] = True
    near = nearer_masks(masks, [0, 1])
    assert np.array_equal(near[0], masks[1] & ~masks[0])
    assert not near[1].any()


def test_footprints_on_kerbside_are_right_to_a_decimetre() -> None:
    """Half of the vehicles of a clip that are well seen: 0.1 m across, 0.4 m along the street."""
    stored = json.loads((DATA / "kerbside/clips/val-2001-clip.json").read_text())
    view = read_camera(DATA / f"kerbside/cameras/{stored['camera']}.json")
    off = []
    for frame in stored["frames"][::12]:
        for key, facts in frame["instances"].items():
            plain = "segmentation" in facts and "footprint" in facts and not facts["truncated"]
            if plain and facts["occlusion"] < 0.1 and facts["visible_pixels"] >= 200:
                mask = rle_to_mask(facts["segmentation"])
                found = fitted(mask, view, name=stored["actors"][key]["class"])
                off.append(np.abs(found.centre - np.mean(facts["footprint"], axis=0)))
    across, along = np.median(off, axis=0)
    assert len(off) >= 8
    assert across < 0.12 and along < 0.4
