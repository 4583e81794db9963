"""Pictures of a COCO file; the command line's own tests are in test_model."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from helpers.detector import Detections
from helpers.errors import DataError
from tools.recipes.maskrcnn import scores

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
    (case,) = scores.coco_cases(*coco("inside.png"), "car", 1)
    np.testing.assert_array_equal(case.image, PICTURE)
    np.testing.assert_array_equal(case.boxes, [[4, 3, 12, 13]])
    assert (case.masks[0, 4:12, 3:13]).mean() > 0.9 and case.masks.sum() <= 99


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "a/../../outside.png"])
def test_a_coco_file_cannot_name_pictures_outside_its_folder(coco, name):
    with pytest.raises(DataError, match="expected a path inside it"):
        list(scores.coco_cases(*coco(name), "car", 1))


def test_a_missing_picture_is_named(coco):
    with pytest.raises(DataError, match=r"missing.png: expected a picture, found none"):
        list(scores.coco_cases(*coco("missing.png"), "car", 1))


def detections(count: int = 3) -> Detections:
    return Detections(
        boxes=np.arange(4 * count, dtype=float).reshape(count, 4),
        classes=np.arange(1, count + 1),
        scores=np.linspace(0.9, 0.3, count),
        masks=np.arange(count)[:, None, None] * np.ones((1, 5, 6)) > 0,
        class_names=tuple("abc"[:count]),
        features=np.arange(2 * count).reshape(count, 2),
    )


def test_only_some_classes_as_one():
    ((found, _),) = scores.only([(detections(), None)], [1, 3], 9)
    assert (list(found.classes), found.class_names) == ([9, 9], ("a", "c"))
