"""Loading models of every kind, and what comes back; the models answer from constants."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import detector
from helpers.detector import load_detector
from helpers.errors import ArrayError, WeightsError
from tests.helpers.detections import detections

tf = pytest.importorskip("tensorflow")
from tests.helpers import saved_models  # noqa: E402  (it needs TensorFlow)

IMAGE = np.zeros((40, 80, 3), np.uint8)


@pytest.fixture(scope="module")
def tfod2(tmp_path_factory):
    """A folder as TFOD2's exporter leaves it: checkpoint/, pipeline.config, saved_model/."""
    folder = tmp_path_factory.mktemp("export")
    saved_models.save(folder / "saved_model")
    (folder / "pipeline.config").write_text("model {}")
    return folder


@pytest.fixture(scope="module")
def garden(tmp_path_factory):
    """Boxes in pixels of the picture as it was scaled, and `image_info` to undo it."""
    scaled = saved_models.BOXES * np.array([20, 40, 20, 40], np.float32)
    outputs = saved_models.answer(
        detection_boxes=scaled[None],
        detection_classes=saved_models.CLASSES[None].astype(np.int32),
        num_detections=np.array([3], np.int32),
        image_info=np.array([[[40, 80], [20, 40], [0.5, 0.5], [0, 0]]], np.float32),
    )
    return saved_models.save(tmp_path_factory.mktemp("garden"), outputs)


def test_boxes_in_pixels_best_score_first(tfod2):
    found = load_detector(tfod2)(IMAGE)
    assert found.boxes.tolist() == [[0, 0, 20, 20], [10, 40, 30, 80]]
    assert found.classes.tolist() == [3, 1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.6])
    assert (found.classes.dtype, found.boxes.dtype) == (np.int64, np.float32)


def test_masks_have_the_pictures_size_and_lie_in_their_boxes(tfod2):
    found = load_detector(tfod2)(IMAGE)
    assert (found.masks.shape, found.masks.dtype) == ((2, 40, 80), np.bool_)
    for mask, (ymin, xmin, ymax, xmax) in zip(found.masks, found.boxes.astype(int), strict=True):
        assert mask[ymin + 1 : ymax - 1, xmin + 1 : xmax - 1].all()
        outside = mask.copy()
        outside[ymin : ymax + 1, xmin : xmax + 1] = False
        assert not outside.any()


def test_the_threshold_is_inclusive_and_may_be_0(tfod2):
    detect = load_detector(tfod2)
    assert len(detect(IMAGE, 0)) == 3
    assert len(detect(IMAGE, float(np.float32(0.6)))) == 2
    assert len(detect(IMAGE, 0.95)) == 0
    assert detect(IMAGE, 0.95).masks.shape == (0, 40, 80)


def test_padding_after_num_detections_is_left_out(tmp_path):
    outputs = saved_models.answer(num_detections=np.array([1], np.float32))
    assert len(load_detector(saved_models.save(tmp_path, outputs))(IMAGE, 0)) == 1


def test_a_garden_export_gives_the_same_boxes(tfod2, garden):
    first, second = load_detector(tfod2)(IMAGE), load_detector(garden)(IMAGE)
    np.testing.assert_allclose(first.boxes, second.boxes)
    assert (first.classes == second.classes).all()
    assert load_detector(tfod2).alignment == "corners"
    assert load_detector(garden).alignment == "centres"


def test_reframed_masks_are_taken_as_they_are(tmp_path):
    found = load_detector(saved_models.save(tmp_path, reframe=True))(IMAGE, 0)
    assert found.masks[:, :20].all()
    assert not found.masks[:, 20:].any()


@pytest.mark.parametrize("cells", [14, 28, 33])
def test_a_picture_of_the_size_of_the_box_masks_is_no_special_case(cells, tmp_path):
    outputs = saved_models.answer(detection_masks=np.ones((1, 3, cells, cells), np.float32))
    found = load_detector(saved_models.save(tmp_path, outputs))(np.zeros((cells, cells, 3), "u1"))
    assert 0.15 < found.masks[1].mean() < 0.4  # its box is a quarter of the picture


def test_class_names_come_from_a_label_map(tfod2):
    assert load_detector(tfod2)(IMAGE).class_names == ("class 3", "class 1")
    names = {1: "car", 3: "person"}
    found = load_detector(tfod2, label_map=names)(IMAGE)
    assert repr(found) == "Detections(person 0.90, car 0.60)"


def test_a_model_of_the_course_says_its_classes_and_alignment(tmp_path):
    saved_models.save(tmp_path)
    description = tmp_path / detector.DESCRIPTION
    description.parent.mkdir(exist_ok=True)
    description.write_text(json.dumps({"classes": {"1": "car"}, "alignment": "centres"}))
    detect = load_detector(tmp_path)
    assert (detect.class_names, detect.alignment) == ({1: "car"}, "centres")
    assert detect.mask_threshold == 0.5
    description.write_text("{}")
    with pytest.raises(WeightsError, match=r"detector.json: expected JSON with classes"):
        load_detector(tmp_path)


def test_a_model_of_the_course_says_from_when_on_a_pixel_belongs_to_a_mask(tmp_path):
    masks = np.full((1, 3, 28, 28), 0.4, np.float32)
    saved_models.save(tmp_path, saved_models.answer(detection_masks=masks))
    assert not load_detector(tmp_path)(IMAGE).masks.any()
    description = tmp_path / detector.DESCRIPTION
    description.parent.mkdir(exist_ok=True)
    says = {"classes": {}, "alignment": "centres", "mask_threshold": 0.35}
    description.write_text(json.dumps(says))
    assert load_detector(tmp_path)(IMAGE).masks.any(axis=(1, 2)).all()
    description.write_text(json.dumps(says | {"mask_threshold": None}))
    with pytest.raises(WeightsError, match=r"detector.json: expected JSON with classes"):
        load_detector(tmp_path)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((40, 80), np.uint8), r"expected \(H, W, 3\) uint8.*Grey"),
        (np.zeros((40, 80, 4), np.uint8), r"alpha: `image\[..., :3\]`"),
        (np.zeros((40, 80, 3), np.float32), "float32"),
        (np.zeros((0, 80, 3), np.uint8), "expected 1 to .* pixels, found 0 x 80"),
        (np.zeros((8000, 6000, 3), np.uint8), "found 8000 x 6000. Make it smaller"),
    ],
)
def test_a_picture_that_is_none_is_refused(image, message, tfod2):
    with pytest.raises(ArrayError, match=message):
        load_detector(tfod2)(image)


def test_a_picture_of_one_pixel_is_a_picture(tfod2):
    assert load_detector(tfod2)(np.zeros((1, 1, 3), np.uint8)).masks.shape == (2, 1, 1)


@pytest.mark.parametrize("threshold", [-0.1, 50, float("nan")])
def test_a_threshold_is_a_share(threshold, tfod2):
    with pytest.raises(ArrayError, match="threshold: expected 0 to 1"):
        load_detector(tfod2)(IMAGE, threshold)


@pytest.mark.parametrize(
    ("outputs", "options", "message"),
    [
        ({"detection_masks": None}, {}, "detection_masks, found .*boxes only"),
        ({"detection_boxes": None}, {}, "the outputs detection_boxes, .*found detection_classes"),
        ({}, {"dtype": tf.float32}, "uint8 .*, found float32 .*image_tensor"),
        ({}, {"dtype": tf.string, "shape": (1,)}, "uint8 .*, found string"),
        ({}, {"shape": (1, None, None, 1)}, r"found uint8 \(1, None, None, 1\)"),
        ({}, {"shape": (4, None, None, 3)}, r"found uint8 \(4, None, None, 3\)"),
        ({}, {"inputs": 2}, "expected one input, a picture .* and "),
        ({}, {"signatures": False}, "expected a signature serving_default"),
    ],
)
def test_a_model_unlike_tfod2s_is_refused(outputs, options, message, tmp_path):
    saved_models.save(tmp_path, saved_models.answer(**outputs), **options)
    with pytest.raises(WeightsError, match=message):
        load_detector(tmp_path)


def test_a_size_that_the_model_cannot_take_is_the_pictures_fault(tmp_path):
    saved_models.save(tmp_path, shape=(1, 32, 32, 3))
    with pytest.raises(ArrayError, match=r"expected 32 x 32 pixels.*found 40 x 80"):
        load_detector(tmp_path)(IMAGE)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="no such file or folder"):
        load_detector(tmp_path / "nowhere")
    with pytest.raises(WeightsError, match=r"Names are \"kerbside\" and 'mask_rcnn_inception"):
        load_detector("mask_rcnn")
    with pytest.raises(WeightsError, match=r"expected saved_model.pb in it, found none"):
        load_detector(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(WeightsError, match="expected a whole SavedModel"):
        load_detector(tmp_path)


def test_a_cut_off_graph_is_named(tmp_path):
    saved_models.save(tmp_path)
    graph = tmp_path / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:200])
    with pytest.raises(WeightsError, match="expected a whole SavedModel"):
        load_detector(tmp_path)


# --- parts of an answer ------------------------------------------------------


def test_some_detections_by_number_or_by_mask():
    found = detections()
    last = found.take(np.array([2, 0]))
    assert (last.class_names, list(last.classes)) == (("c", "a"), [3, 1])
    np.testing.assert_array_equal(last.features, [[4, 5], [0, 1]])
    assert last.box_masks is None
    assert found.take(found.scores > 0.5).class_names == ("a", "b")
    assert len(found.take(found.scores > 1)) == 0


def test_coco_has_80_classes_up_to_90(shared_data):
    found = json.loads(detector.COCO_CLASSES.read_text())
    stored = json.loads((shared_data / "coco" / "instances.json").read_text())["categories"]
    assert {int(k): v for k, v in found.items()} == {each["id"]: each["name"] for each in stored}
