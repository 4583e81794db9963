"""The input pipeline: what is fed, and that spoiling a picture spares what it must."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.errors import DataError
from tests.tools.recipes.maskrcnn.shapes import shape_example, write_shapes
from tools.recipes import maskrcnn
from tools.recipes.maskrcnn import data

tf = pytest.importorskip("tensorflow")

SIZE = (64, 96)


@pytest.fixture(scope="module")
def records_file(tmp_path_factory):
    return write_shapes(tmp_path_factory.mktemp("records") / "shapes.tfrecord")


def batch(records_file, **options):
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    model = maskrcnn.configuration(size=SIZE).model
    given = {"batch_size": 4, "seed": 3, "scales": None} | options
    tf.random.set_seed(given["seed"])
    return next(iter(data.training_batches([records_file], model, SIZE, **given)))


def test_without_augmentation_boxes_and_masks_are_those_of_the_records(records_file):
    images, labels = batch(records_file)
    assert images.shape == (4, 64, 96, 3)
    assert labels["gt_masks"].shape[2:] == (112, 112)
    truth = [shape_example(k) for k in range(8)]
    scale = 64 / 48  # to fit (64, 96)
    for boxes, classes in zip(
        labels["gt_boxes"].numpy(), labels["gt_classes"].numpy(), strict=True
    ):
        kept = classes > 0
        (example,) = [
            each
            for each in truth
            if each.classes.tolist() == classes[kept].tolist()
            and np.allclose(each.boxes * scale, boxes[kept], atol=0.6)
        ]
        assert len(example.classes) == kept.sum() > 0


def test_augmentation_changes_the_pictures_and_keeps_the_form(records_file):
    plain, _ = batch(records_file)
    images, labels = batch(records_file, scales=(0.7, 2.0))
    assert images.shape == plain.shape
    assert np.isfinite(images).all()
    assert not np.allclose(images, plain)
    boxes = labels["gt_boxes"].numpy()[labels["gt_classes"].numpy() > 0]
    assert (boxes[:, 2:] >= boxes[:, :2]).all()
    assert (boxes >= 0).all()


def decoded(masks, colour, *, crowd=None):
    """A picture of one colour with these masks, as Model Garden's decoder gives it."""
    masks = np.asarray(masks, np.float32)
    count, height, width = masks.shape
    return {
        "image": tf.fill([height, width, 3], tf.constant(colour, tf.uint8)),
        "groundtruth_classes": tf.range(1, count + 1, dtype=tf.int64),
        "groundtruth_is_crowd": tf.constant(crowd or [False] * count, tf.bool),
        "groundtruth_area": tf.reduce_sum(masks, axis=[1, 2]),
        "groundtruth_boxes": tf.zeros([count, 4]),
        "groundtruth_instance_masks": tf.constant(masks),
    }


def box_mask(top, left, bottom, right, size=(8, 10)):
    mask = np.zeros(size)
    mask[top:bottom, left:right] = 1
    return mask


@pytest.fixture
def all_chosen(monkeypatch):
    monkeypatch.setattr(tf.random, "uniform", lambda shape, *_, **__: tf.zeros(shape))


@pytest.mark.usefixtures("all_chosen")
def test_pasted_objects_hide_what_was_there_and_bring_their_pixels():
    onto = decoded([box_mask(1, 1, 5, 5), box_mask(6, 6, 8, 8)], 10)
    source = decoded([box_mask(0, 3, 4, 9), box_mask(5, 5, 8, 10)], 200)
    result = data.paste(onto, source)
    front = source["groundtruth_instance_masks"].numpy().any(axis=0)
    assert (result["image"].numpy()[front] == 200).all()
    assert (result["image"].numpy()[~front] == 10).all()
    # The second object of `onto` lies wholly under a pasted one and is gone.
    assert result["groundtruth_classes"].numpy().tolist() == [1, 1, 2]
    masks = result["groundtruth_instance_masks"].numpy()
    np.testing.assert_array_equal(masks[0], box_mask(1, 1, 5, 5) * ~front)
    assert masks.sum(axis=0).max() == 1
    assert result["groundtruth_area"].numpy().tolist() == masks.sum(axis=(1, 2)).tolist()
    pixels = result["groundtruth_boxes"].numpy() * [8, 10, 8, 10]
    np.testing.assert_allclose(pixels, [[1, 1, 5, 5], [0, 3, 4, 9], [5, 5, 8, 10]], atol=1e-5)


@pytest.mark.usefixtures("all_chosen")
def test_crowds_are_not_pasted_and_other_sizes_change_nothing():
    onto = decoded([box_mask(1, 1, 5, 5)], 10)
    crowd = decoded([box_mask(0, 0, 8, 10)], 200, crowd=[True])
    result = data.paste(onto, crowd)
    assert (result["image"].numpy() == 10).all()
    np.testing.assert_array_equal(
        result["groundtruth_instance_masks"].numpy()[0], box_mask(1, 1, 5, 5)
    )
    larger = decoded([box_mask(0, 0, 9, 9, size=(16, 20))], 200)
    assert data.paste(onto, larger)["image"].shape == (8, 10, 3)


@pytest.mark.parametrize("name", ["_light", "_grey", "_blur", "_noise", "_jpeg"])
def test_each_step_changes_the_picture_but_not_what_it_shows(name):
    tf.random.set_seed(1)
    slope = np.linspace(0.1, 0.9, 48)[:, None, None] * np.linspace(0.2, 1, 64)[:, None]
    slope = slope + 0.02 * (np.indices((48, 64)).sum(0) % 3)[..., None]  # some texture to blur
    image = tf.constant(slope * [1.0, 0.8, 0.6] + 0.03 * np.eye(3)[[0]], tf.float32)
    changed = getattr(data, name)(image).numpy()
    assert changed.shape == (48, 64, 3)
    difference = abs(changed - image.numpy())
    assert 0.0005 < difference.mean() < 0.4
    # Still the same scene: grey values go together.
    together = np.corrcoef(changed.mean(-1).ravel(), image.numpy().mean(-1).ravel())[0, 1]
    assert together > 0.7


def test_spoiled_pictures_differ_from_each_other_and_stay_pictures():
    tf.random.set_seed(2)
    image = tf.constant(shape_example(2).image)
    spoiled = [data.spoil(image).numpy() for _ in range(6)]
    assert all(each.dtype == np.uint8 and each.shape == image.shape for each in spoiled)
    assert len({each.tobytes() for each in spoiled}) > 3


def test_blur_keeps_the_brightness_and_does_not_move():
    tf.random.set_seed(3)
    image = np.zeros((21, 21, 3), np.float32)
    image[10, 10] = 1
    blurred = data._blur(tf.constant(image)).numpy()[..., 0]
    assert blurred.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(blurred, blurred[::-1], atol=1e-6)
    np.testing.assert_allclose(blurred, blurred.T, atol=1e-6)
    assert blurred[10, 10] < 0.99


def test_no_files_is_an_error():
    with pytest.raises(DataError, match="data: expected TFRecord files, found none"):
        data.check_files([])
