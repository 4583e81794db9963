"""Which of CamVid's components are taken for one object, and the COCO file of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from helpers.errors import DataError
from tools.recipes.maskrcnn import camvid, cli, photographs
from tools.records.coco import read_coco

CAR, PEDESTRIAN, CYCLIST = 8, 9, 10
SIZE = (120, 200)


def car(labels: np.ndarray, top: int, left: int, scale: int = 1) -> None:
    """A car's rear, 40 pixels wide and 30 high, with a gap between the wheels."""
    outline = np.array([(7, 0), (32, 0), (39, 12), (39, 29), (31, 29), (31, 25), (8, 25), (8, 29)])
    outline = np.concatenate([outline, [(0, 29), (0, 12)]]) * scale + (left, top)
    cv2.fillPoly(labels, [outline.astype(np.int32)], CAR)


def person(labels: np.ndarray, top: int, left: int, number: int = PEDESTRIAN) -> None:
    cv2.ellipse(labels, (left + 6, top + 20), (6, 20), 0, 0, 360, number, cv2.FILLED)


@pytest.fixture
def street() -> np.ndarray:
    return np.full(SIZE, 3, np.uint8)  # road


def alone(labels: np.ndarray) -> list[tuple[str, bool]]:
    return [(name, certain) for name, _, certain in camvid.components(labels)]


def test_a_car_and_a_person_by_themselves_are_objects(street):
    car(street, 50, 20)
    person(street, 40, 120)
    assert alone(street) == [("car", True), ("person", True)]
    masks = [mask for _, mask, _ in camvid.components(street)]
    np.testing.assert_array_equal(masks[0], street == CAR)
    np.testing.assert_array_equal(masks[1], street == PEDESTRIAN)


def test_cars_that_touch_are_no_object(street):
    car(street, 50, 20)
    car(street, 52, 55)
    assert alone(street) == [("car", False)]


def test_persons_arm_in_arm_are_no_object(street):
    person(street, 40, 100)
    person(street, 40, 110)
    assert alone(street) == [("person", False)]


def test_what_the_edge_of_the_picture_cuts_is_no_object(street):
    car(street, 50, -10)
    assert alone(street) == [("car", False)]


def test_a_car_that_a_pole_cuts_in_two_is_no_object(street):
    car(street, 20, 20, scale=3)
    assert alone(street) == [("car", True)]
    street[:, 60:62] = 2
    assert alone(street) == [("car", False)] * 2


def test_a_blot_beside_a_car_does_not_matter(street):
    car(street, 50, 20)
    street[60:62, 62:64] = CAR
    assert sorted(alone(street)) == [("car", False), ("car", True)]


def test_what_is_too_small_or_has_another_shape_is_no_object(street):
    street[10:18, 10:22] = CAR
    street[40:50, 100:190] = CAR
    street[60:110, 60:70] = CAR
    assert alone(street) == [("car", False)] * 3


def test_a_cyclist_is_a_region_of_persons(street):
    person(street, 40, 100, CYCLIST)
    assert alone(street) == [("person", False)]


@pytest.fixture
def folder(tmp_path, street):
    """CamVid with one frame of a car, a person and two cars that touch."""
    car(street, 50, 20)
    person(street, 40, 80)
    car(street, 50, 120)
    car(street, 52, 155)
    for name, pixels in ("images", np.full((*SIZE, 3), 80)), ("labels", street):
        (tmp_path / "train" / name).mkdir(parents=True)
        suffix = "jpg" if name == "images" else "png"
        cv2.imwrite(str(tmp_path / "train" / name / f"a.{suffix}"), pixels)
    return tmp_path


def test_the_file_is_one_that_photographs_reads(folder, street, capsys):
    file = folder / "instances.json"
    assert cli.main(["camvid", str(folder), "--output", str(file)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == '{"photographs": 1, "car": 1, "person": 1, "not_judged": 1}'

    def read():
        return photographs.read(read_coco(file, folder / "train" / "images", boxes_alone=True))

    (found,) = read()
    assert found.complete
    assert sorted(zip(found.categories, found.crowd, strict=True)) == [
        ("car", False), ("car", True), ("person", False)
    ]  # fmt: skip
    np.testing.assert_array_equal(found.masks.any(axis=0), np.isin(street, (CAR, PEDESTRIAN)))
    about = photographs.write(read(), folder / "a.tfrecord", photographs.terms(file))
    assert (about["source"], about["objects"], about["not_judged"]) == ("CamVid", 2, 1)
    assert "research" in about["licence"]


def test_missing_labels_are_named(folder, tmp_path):
    (folder / "train" / "labels" / "a.png").unlink()
    with pytest.raises(
        DataError, match=r"labels.a.png: expected a complete PNG, found no such file"
    ):
        camvid.write(folder, "train", tmp_path / "instances.json")
    assert not (tmp_path / "instances.json").exists()
    with pytest.raises(DataError, match="expected CamVid"):
        camvid.write(folder, "val", tmp_path / "instances.json")
