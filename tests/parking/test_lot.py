from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest

from helpers.detector import Detections
from helpers.errors import DataError
from parking.lot import (
    INSIDE,
    OUTSIDE,
    LotFrame,
    cars,
    detect_in_tiles,
    evaluate_lot,
    outside,
    read_folder,
    separate,
)

SPACE = '<space id="{k}" occupied="1"><rotatedRect><center x="{x}" y="{y}" /><size w="40" h="60" />'
SPACE += '<angle d="{d}" /></rotatedRect></space>'


def lot(folder, cars_at, spaces=((60, 60, 0), (120, 60, 0), (200, 150, -30))):
    """A made car park of 320 x 240; cars are (x, y, value) ellipses that lean upwards."""
    for part in ("frames", "masks", "bounding_boxes"):
        (folder / part).mkdir(parents=True)
    classes = np.zeros((240, 320), np.uint8)
    for x, y, value in cars_at:
        cv2.ellipse(classes, (x, y - 12), (16, 30), 0, 0, 360, value, -1)
    cv2.imwrite(str(folder / "masks" / "one.png"), classes)
    cv2.imwrite(str(folder / "frames" / "one.jpg"), np.dstack([classes * 90] * 3))
    inner = "".join(SPACE.format(k=k, x=x, y=y, d=d) for k, (x, y, d) in enumerate(spaces))
    (folder / "bounding_boxes" / "one.xml").write_text(f'<parking id="made">{inner}</parking>')
    return folder


def test_leaning_out_is_inside_and_beside_is_outside(tmp_path) -> None:
    at = [(60, 60, INSIDE), (120, 60, INSIDE), (200, 150, INSIDE), (260, 60, OUTSIDE)]
    result = evaluate_lot([lot(tmp_path / "a", at)], None)
    assert result["frames"] == 1 and result["cars"] == 4 and result["outside"] == 1
    assert result["accuracy_true_masks"] == result["recall_outside"] == 1.0
    assert result["precision_outside"] == 1.0 and result["accuracy_system"] is None


def test_a_legal_place_that_nobody_marked_costs_precision_and_is_counted(tmp_path) -> None:
    at = [(60, 60, INSIDE), (260, 200, INSIDE), (260, 60, OUTSIDE)]
    folder = lot(tmp_path / "a", at)
    result = evaluate_lot([folder], None)
    assert result["unmarked_legal"] == 1 and result["precision_outside"] == 0.5


def test_touching_cars_are_told_apart() -> None:
    blob = np.zeros((80, 140), np.uint8)
    for x in (30, 66, 102):
        cv2.ellipse(blob, (x, 40), (20, 32), 0, 0, 360, 1, -1)
    parts = separate(blob.astype(bool), usual=2000)
    assert len(parts) == 3 and sum(part.sum() for part in parts) == blob.sum()
    one = np.zeros((80, 140), np.uint8)
    cv2.ellipse(one, (60, 40), (20, 32), 0, 0, 360, 1, -1)
    assert len(separate(one.astype(bool), usual=2000)) == 1


def test_what_a_lamp_post_leaves_is_no_car(tmp_path) -> None:
    folder = lot(tmp_path / "a", [(60, 60, INSIDE)])
    (frame,) = read_folder(folder)
    frame.classes[200:215, 200:215] = INSIDE
    masks, stands_outside = cars(frame)
    assert len(masks) == 1 and stands_outside.tolist() == [False]


def detections(masks: np.ndarray) -> Detections:
    count = len(masks)
    return Detections(np.zeros((count, 4), np.float32), np.ones(count, int),
                      np.linspace(0.9, 0.5, count), masks, ("car",) * count)  # fmt: skip


def test_tiles_find_each_car_once_and_whole() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    truth = np.zeros((3, 240, 320), bool)
    for k, (top, left) in enumerate([(20, 20), (100, 140), (190, 270)]):
        truth[k, top : top + 30, left : left + 40] = True
        image[truth[k]] = 60 * (k + 1)

    def detect(tile):
        shades = [s for s in np.unique(tile) if s]
        return detections(np.array([tile[..., 0] == s for s in shades], bool).reshape(
            -1, *tile.shape[:2]))  # fmt: skip

    found = detect_in_tiles(detect, image, tiles=3)
    assert len(found) == 3
    assert sorted(mask.sum() for mask in found) == sorted(mask.sum() for mask in truth)


def test_a_missed_car_counts_as_wrong_and_a_ghost_as_false(tmp_path, monkeypatch) -> None:
    folder = lot(tmp_path / "a", [(60, 60, INSIDE), (260, 60, OUTSIDE)])
    (frame,) = read_folder(folder)
    ghost = np.zeros((240, 320), bool)
    ghost[200:230, 250:300] = True

    def detect(tile):
        assert tile.shape[:2] == (240, 320)
        return detections(np.array([frame.classes == OUTSIDE, ghost]))

    monkeypatch.setattr("parking.lot.detect_in_tiles", partial(detect_in_tiles, tiles=1))
    result = evaluate_lot([folder], detect)
    assert result["accuracy_system"] == 0.5
    assert result["precision_outside_system"] == 0.5
    assert result["recall_outside_system"] == 1.0


def test_a_detector_that_sees_nothing_misses_every_car(tmp_path) -> None:
    folder = lot(tmp_path / "a", [(60, 60, INSIDE), (260, 60, OUTSIDE)])
    result = evaluate_lot([folder], lambda tile: detections(np.zeros((0, *tile.shape[:2]), bool)))
    assert result["accuracy_system"] == result["recall_outside_system"] == 0
    assert result["precision_outside_system"] is None


def test_damaged_folders_are_named(tmp_path) -> None:
    with pytest.raises(DataError, match="frames/, masks/ and bounding_boxes/"):
        list(read_folder(tmp_path))
    folder = lot(tmp_path / "a", [(60, 60, INSIDE)])
    (folder / "bounding_boxes" / "one.xml").write_text("<parking></parking>")
    with pytest.raises(DataError, match="marked spaces"):
        list(read_folder(folder))
    (folder / "masks" / "one.png").unlink()
    with pytest.raises(DataError, match=r"one\.png"):
        list(read_folder(folder))


def test_no_cars_are_no_verdicts() -> None:
    marked = np.zeros((20, 20), bool)
    assert outside(np.zeros((0, 20, 20), bool), marked).shape == (0,)
    frame = LotFrame("empty", np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), np.uint8), [])
    assert len(cars(frame)[0]) == 0


def test_real_photographs(shared_data) -> None:
    """Sequence 4 has all kinds; the bars of the course on it: recall 0.98, accuracy 0.92."""
    result = evaluate_lot([shared_data / "parkinglot" / "sequence4"], None)
    assert result["frames"] == 5 and result["cars"] > 100
    assert result["recall_outside"] >= 0.98 and result["accuracy_true_masks"] >= 0.92
