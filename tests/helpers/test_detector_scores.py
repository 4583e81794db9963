"""A split as cases, and parts of detections; the command line's own tests are in test_maskrcnn."""

from __future__ import annotations

import itertools
import json
import time

import cv2
import numpy as np
import pytest

from helpers import detector_scores
from helpers.detector import Detections
from helpers.errors import DataError

PICTURE = np.full((20, 30, 3), 90, np.uint8)


@pytest.fixture
def coco(tmp_path):
    """Writes a COCO file with one car; the picture's name is the argument."""
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "outside.png"), PICTURE)
    cv2.imwrite(str(tmp_path / "images" / "inside.png"), PICTURE)

    def write(name: str):
        box = [3, 4, 10, 8]
        outline = [3, 4, 13, 4, 13, 12, 3, 12]
        content = {
            "images": [{"id": 7, "file_name": name, "height": 20, "width": 30}],
            "categories": [{"id": 3, "name": "car"}],
            "annotations": [
                {"id": 1, "image_id": 7, "category_id": 3, "bbox": box, "iscrowd": 0}
                | {"segmentation": [outline], "area": 80}
            ],
        }
        file = tmp_path / "instances.json"
        file.write_text(json.dumps(content))
        return file, tmp_path / "images"

    return write


def test_a_picture_of_a_coco_file_with_its_objects(coco):
    (case,) = detector_scores.coco_cases(*coco("inside.png"), "car", 1)
    np.testing.assert_array_equal(case.image, PICTURE)
    np.testing.assert_array_equal(case.boxes, [[4, 3, 12, 13]])
    assert (case.masks[0, 4:12, 3:13]).mean() > 0.9 and case.masks.sum() <= 99


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "a/../../outside.png"])
def test_a_coco_file_cannot_name_pictures_outside_its_folder(coco, name):
    with pytest.raises(DataError, match="expected a path inside it"):
        list(detector_scores.coco_cases(*coco(name), "car", 1))


def test_a_missing_picture_is_named(coco):
    with pytest.raises(DataError, match=r"missing.png: expected a picture, found none"):
        list(detector_scores.coco_cases(*coco("missing.png"), "car", 1))


def test_kerbside_tells_trucks_from_vans_and_what_is_hidden():
    files = detector_scores.kerbside_files("val")
    cases = list(itertools.islice(detector_scores.record_cases(files), 25))
    for case in cases:
        assert len(case.kinds) == len(case.tags) == len(case.classes)
        for kind, number in zip(case.kinds, case.classes, strict=True):
            assert (kind in ("van", "minibus", "truck")) == (number == 2)
            assert (kind == "person") == (number == 3)
    assert "truck" in {kind for case in cases for kind in case.kinds}


def detections(count: int = 3) -> Detections:
    return Detections(
        boxes=np.arange(4 * count, dtype=float).reshape(count, 4),
        classes=np.arange(1, count + 1),
        scores=np.linspace(0.9, 0.3, count),
        masks=np.arange(count)[:, None, None] * np.ones((1, 5, 6)) > 0,
        class_names=tuple("abc"[:count]),
        features=np.arange(2 * count).reshape(count, 2),
    )


def shaded_case(shade: int) -> detector_scores.Case:
    none = np.zeros(0, int)
    boxes, masks = np.zeros((0, 4)), np.zeros((0, 4, 4), bool)
    image = np.full((4, 4, 3), shade, np.uint8)
    return detector_scores.Case(image, boxes, none, masks, none.astype(bool), ())


def shade_detector(image, threshold):
    """Slow for the first of each three pictures, so that the others overtake it."""
    shade = int(image[0, 0, 0])
    time.sleep(0.02 if shade % 3 == 0 else 0.0)
    none = np.zeros(0)
    return Detections(np.full((1, 4), shade), none, np.array([1.0]), none, ("x",))


@pytest.mark.parametrize("at_once", [1, 2, 4])
@pytest.mark.parametrize("count", [1, 2, 13])
def test_pictures_at_once_give_the_same_answers_in_order(at_once, count):
    cases = [shaded_case(shade) for shade in range(count)]
    pairs, speed = detector_scores.detect(shade_detector, iter(cases), at_once=at_once)
    assert [case for _, case in pairs] == cases
    assert [int(found.boxes[0, 0]) for found, _ in pairs] == list(range(count))
    assert speed > 0 if count > 1 else np.isnan(speed)


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_pictures_are_an_error_and_that_of_a_detector_comes_through(at_once):
    with pytest.raises(DataError, match="at least one"):
        detector_scores.detect(shade_detector, [], at_once=at_once)

    def broken(image, threshold):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        detector_scores.detect(broken, [shaded_case(1)] * 5, at_once=at_once)


def test_some_detections_by_number_or_by_mask():
    found = detections()
    last = found.take(np.array([2, 0]))
    assert (last.class_names, list(last.classes)) == (("c", "a"), [3, 1])
    np.testing.assert_array_equal(last.features, [[4, 5], [0, 1]])
    assert last.box_masks is None
    assert found.take(found.scores > 0.5).class_names == ("a", "b")
    assert len(found.take(found.scores > 1)) == 0


def test_only_some_classes_as_one():
    ((found, _),) = detector_scores.only([(detections(), None)], [1, 3], 9)
    assert (list(found.classes), found.class_names) == ([9, 9], ("a", "c"))
