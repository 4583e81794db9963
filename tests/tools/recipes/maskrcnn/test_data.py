"""The input pipeline: what is fed, and that spoiling a picture spares what it must."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from helpers.errors import DataError
from tests.tools.recipes.maskrcnn.shapes import shape_example
from tools.recipes import maskrcnn
from tools.recipes.maskrcnn import data, photographs
from tools.recipes.maskrcnn import model as recipe
from tools.records.coco import read_coco

tf = pytest.importorskip("tensorflow")

SIZE = (64, 96)


def batch(records_file, **options):
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    model = maskrcnn.configuration(size=SIZE).model
    given = {"batch_size": 4, "seed": 3, "scales": None} | options
    tf.random.set_seed(given["seed"])
    return next(iter(data.training_batches([records_file], model, SIZE, **given)))


@pytest.fixture(scope="module")
def plain(records_file):
    return batch(records_file)


def test_without_augmentation_boxes_and_masks_are_those_of_the_records(plain):
    images, labels = plain
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


def test_augmentation_changes_the_pictures_and_keeps_the_form(records_file, plain):
    images, labels = batch(records_file, scales=(0.7, 2.0))
    assert images.shape == plain[0].shape
    assert np.isfinite(images).all()
    assert not np.allclose(images, plain[0])
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
def test_crowds_are_not_pasted():
    onto = decoded([box_mask(1, 1, 5, 5)], 10)
    crowd = decoded([box_mask(0, 0, 8, 10)], 200, crowd=[True])
    result = data.paste(onto, crowd)
    assert (result["image"].numpy() == 10).all()
    np.testing.assert_array_equal(
        result["groundtruth_instance_masks"].numpy()[0], box_mask(1, 1, 5, 5)
    )


@pytest.mark.usefixtures("all_chosen")
def test_objects_of_a_picture_of_another_size_are_scaled_with_it():
    onto = decoded([box_mask(6, 0, 8, 2)], 10)
    source = decoded([box_mask(0, 4, 8, 12, size=(16, 20))], 200)
    result = data.paste(onto, source)
    np.testing.assert_array_equal(
        result["groundtruth_instance_masks"].numpy(), [box_mask(6, 0, 8, 2), box_mask(0, 2, 4, 6)]
    )
    assert (result["image"].numpy()[:4, 2:6] == 200).all()


@pytest.mark.usefixtures("all_chosen")
def test_what_nobody_outlined_keeps_its_box_is_not_pasted_and_counts_while_it_is_seen():
    onto = decoded([np.full((8, 10), -1), np.full((8, 10), -1)], 10)
    onto["groundtruth_boxes"] = tf.constant([[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]])
    source = decoded([box_mask(4, 5, 8, 9), np.full((8, 10), -1)], 200)
    result = data.paste(onto, source)
    assert result["groundtruth_classes"].numpy().tolist() == [1, 2, 1]
    boxes = result["groundtruth_boxes"].numpy()
    np.testing.assert_allclose(boxes[:2], [[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]])
    # Four fifths of the second box are hidden: whether something is there cannot be judged.
    assert result["groundtruth_is_crowd"].numpy().tolist() == [False, True, False]


def test_a_mirror_turns_pixels_boxes_and_masks_alike():
    picture = decoded([box_mask(1, 1, 5, 4)], 10)
    picture["groundtruth_boxes"] = tf.constant([[1 / 8, 1 / 10, 5 / 8, 4 / 10]])
    turned = data.flipped(picture)
    mask = turned["groundtruth_instance_masks"][0].numpy()
    np.testing.assert_array_equal(mask, box_mask(1, 6, 5, 9))
    box = turned["groundtruth_boxes"][0].numpy() * [8, 10, 8, 10]
    np.testing.assert_allclose(box, [1, 6, 5, 9], atol=1e-5)


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


def test_every_step_of_the_augmentation_is_taken(records_file, monkeypatch):
    """With the other steps left out, each alone decides what comes out."""
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    originals = [shape_example(k).image for k in range(8)]

    def pictures(**steps):
        """Pixels (B, 48, 64, 3) of a batch of `scales` (1, 1), which leave the size to the fit."""
        left_out = {"paste": lambda onto, source: onto, "spoil": lambda image: image}
        for name, step in (left_out | {"flipped": lambda picture: picture} | steps).items():
            monkeypatch.setattr(data, name, step)
        model = maskrcnn.configuration(size=SIZE).model
        tf.random.set_seed(1)
        found = data.training_batches(
            [records_file], model, (48, 64), batch_size=8, seed=1, scales=(1.0, 1.0)
        )
        (images, _), (more, _) = found.take(2)
        images = np.concatenate([images, more])[:, :48, :64]
        return images * [0.229, 0.224, 0.225] + [0.485, 0.456, 0.406]  # the garden's normalisation

    def like(image, others):
        return min(abs(image - other / 255).mean() for other in others)

    monkeypatch.setattr(data, "PASTED", 1.0)
    flipped = data.flipped
    assert max(like(image, originals) for image in pictures()) < 0.02
    white = pictures(spoil=lambda image: tf.ones_like(image) * 255)
    assert white.min() > 0.98
    turned = [like(image, originals) > 0.02 for image in pictures(flipped=flipped)]
    assert 3 <= sum(turned) <= 13

    def difference(onto, source):
        image = tf.cast(onto["image"], tf.int32) - tf.cast(source["image"], tf.int32)
        return onto | {"image": tf.cast(abs(image), tf.uint8)}

    pasted = pictures(paste=difference)
    # Neither a picture as it was nor one pasted into itself, which would be black.
    assert sum(like(image, originals) > 0.02 and image.max() > 0.1 for image in pasted) > 8


def test_what_is_ignored_lies_in_a_crowd_and_away_from_all_objects():
    boxes = tf.constant([
        [0.0, 0, 10, 10],  # in the crowd, on no object
        [0, 0, 10, 21],  # less than half of it in the crowd
        [20, 0, 30, 10],  # in the crowd, with an IoU of 0.25 with an object
        [20, 4, 30, 14],  # the same with 0.11
    ])  # fmt: skip
    objects = tf.constant([[20.0, 0, 30, 2.5], [-1, -1, -1, -1]])
    crowds = tf.constant([[0.0, 0, 10, 10], [20, 0, 30, 20], [-1, -1, -1, -1]])
    assert data.outside(boxes, objects, crowds).numpy().tolist() == [True, False, False, True]


def test_no_files_is_an_error():
    with pytest.raises(DataError, match="data: expected TFRecord files, found none"):
        data.check_files([])


# --- photographs --------------------------------------------------------------------------------


def photograph(folder, *, objects, complete=1, size=(48, 64), name="street.jpg"):
    """A grey photograph with its instances.json, written as records."""
    import cv2

    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / name), np.full((*size, 3), 128, np.uint8))
    categories = {"car": 3, "person": 1, "truck": 8, "train": 7, "dog": 18}
    content = {
        "images": [
            {"id": 5, "file_name": name, "height": size[0], "width": size[1], "complete": complete}
        ],
        "categories": [{"id": number, "name": each} for each, number in categories.items()],
        "annotations": [
            {
                "id": k,
                "image_id": 5,
                "category_id": categories[each.get("name", "car")],
                "bbox": each["bbox"],
                "iscrowd": each.get("crowd", 0),
                "difficult": each.get("difficult", 0),
                "segmentation": each.get("segmentation", []),
            }
            for k, each in enumerate(objects)
        ],
    }
    (folder / "instances.json").write_text(json.dumps(content))
    return folder / "out.tfrecord", written(folder, "out.tfrecord", licence="CC0")


def written(folder, name, *, licence=None, **chosen):
    """The photographs of a folder, written as records."""
    file = folder / "instances.json"
    found = photographs.read(read_coco(file, folder, boxes_alone=True), **chosen)
    return photographs.write(found, folder / name, photographs.terms(file, licence))


SQUARE = [[8, 8, 24, 8, 24, 24, 8, 24]]


def test_what_is_not_judged_is_written_as_crowds(tmp_path):
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    from official.vision.dataloaders import tf_example_decoder

    objects = [
        {"bbox": [8, 8, 16, 16], "segmentation": SQUARE},
        {"bbox": [30, 8, 16, 16], "name": "truck"},
        {"bbox": [0, 0, 5, 5], "name": "train"},
        {"bbox": [0, 10, 5, 5], "difficult": 1},
        {"bbox": [0, 20, 5, 5], "name": "person", "crowd": 1},
        {"bbox": [0, 30, 5, 5], "name": "dog"},
    ]
    file, counts = photograph(tmp_path / "a", objects=objects, complete=0)
    assert counts.items() >= {"objects": 2, "masks": 1, "not_judged": 4, "licence": "CC0"}.items()
    assert json.loads((tmp_path / "a" / "out.tfrecord.json").read_text()) == counts
    (payload,) = tf.data.TFRecordDataset(str(file))
    found = tf_example_decoder.TfExampleDecoder(include_mask=True).decode(payload)
    assert found["groundtruth_classes"].numpy()[:2].tolist() == [1, 2]
    assert found["groundtruth_is_crowd"].numpy().tolist() == [False, False, *[True] * 4]
    np.testing.assert_allclose(found["groundtruth_boxes"][-1], [0, 0, 1, 1])  # not complete
    masks = found["groundtruth_instance_masks"].numpy()
    assert masks[0].sum() == 16 * 16
    assert (masks[1:] == photographs.UNKNOWN).all()


def test_a_photograph_of_another_size_than_declared_is_refused(tmp_path):
    import cv2

    photograph(tmp_path, objects=[])
    cv2.imwrite(str(tmp_path / "street.jpg"), np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(DataError, match=r"expected 30x20 pixels as the picture has, found 64x48"):
        written(tmp_path, "b.tfrecord", licence="CC0")
    assert not (tmp_path / "b.tfrecord").exists()
    with pytest.raises(DataError, match="expected photographs that --only names"):
        written(tmp_path, "b.tfrecord", licence="CC0", only="rural")
    with pytest.raises(DataError, match=r"expected info.licence, the terms of the photographs"):
        written(tmp_path, "b.tfrecord")


def test_the_coco_file_stays_whatever_the_records_are_called(tmp_path):
    """`street.json` to `street.tfrecord`: the description beside it has a name of its own."""
    photograph(tmp_path, objects=[{"bbox": [8, 8, 16, 16]}])
    (tmp_path / "instances.json").rename(tmp_path / "street.json")
    content = (tmp_path / "street.json").read_text()

    def write(name):
        found = photographs.read(read_coco(tmp_path / "street.json", tmp_path, boxes_alone=True))
        photographs.write(found, tmp_path / name, {"licence": "CC0"})

    write("street.tfrecord")
    assert photographs.description(tmp_path / "street.tfrecord").is_file()
    (tmp_path / "folder.tfrecord").mkdir()
    for name in ("street.json", "street", "folder.tfrecord"):
        with pytest.raises(DataError, match=r"--output: expected a file name that ends in .tfrec"):
            write(name)
    assert (tmp_path / "street.json").read_text() == content


def test_objects_of_other_categories_are_named_and_never_all_of_them(tmp_path, capsys):
    objects = [{"bbox": [8, 8, 16, 16]}, {"bbox": [30, 8, 9, 9], "name": "dog"}]
    photograph(tmp_path / "a", objects=objects)
    assert capsys.readouterr().err == "note: background: 'dog', in 1 photographs\n"
    with pytest.raises(DataError, match=r"categories: expected objects called car, .*found dog"):
        photograph(tmp_path / "b", objects=objects[1:])
    assert not list((tmp_path / "b").glob("out.*"))
    _, counts = photograph(tmp_path / "c", objects=[])  # a street without anything
    assert counts["photographs"] == 1


@pytest.mark.parametrize("info", [[1], None, {"licence": 4}])
def test_terms_that_are_none_are_refused(tmp_path, info, monkeypatch):
    (tmp_path / "i.json").write_text(json.dumps({"info": info}))
    with pytest.raises(DataError, match=r"expected info.licence"):
        photographs.terms(tmp_path / "i.json")
    monkeypatch.chdir(tmp_path)
    assert photographs.terms(Path("i.json"), "CC0") == {"source": tmp_path.name, "licence": "CC0"}


def test_a_mark_that_is_none_names_its_photograph(tmp_path):
    with pytest.raises(DataError, match=r"street.jpg, complete: expected 0 or 1, found 'maybe'"):
        photograph(tmp_path, objects=[], complete="maybe")


def test_a_box_without_an_outline_is_no_full_mask_in_training(tmp_path):
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    objects = [{"bbox": [30, 8, 16, 16]}, {"bbox": [8, 8, 16, 16], "segmentation": SQUARE}]
    file, _ = photograph(tmp_path / "a", objects=objects)
    _, labels = batch(file, batch_size=1)
    assert labels["gt_classes"].numpy()[0, :2].tolist() == [1, 1]
    alone, drawn = labels["gt_masks"].numpy()[0, :2]
    assert alone.max() < 0 <= drawn.min() < drawn.max() == 1


def test_a_squeezed_photograph_gets_its_shape_back(tmp_path):
    """With 4:3, 64 x 64 pixels become 64 x 48, and a square outline is as wide, and lower."""
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    from official.vision.dataloaders import tf_example_decoder

    objects = [{"bbox": [8, 8, 16, 16], "segmentation": SQUARE}]
    photograph(tmp_path, objects=objects, size=(64, 64))
    found = photographs.read(read_coco(tmp_path / "instances.json", tmp_path, boxes_alone=True))
    about = photographs.write(found, tmp_path / "b.tfrecord", {"licence": "CC0"}, aspect=(4, 3))
    assert about["aspect"] == [4, 3]
    (payload,) = tf.data.TFRecordDataset(str(tmp_path / "b.tfrecord"))
    decoded = tf_example_decoder.TfExampleDecoder(include_mask=True).decode(payload)
    assert decoded["image"].shape == (48, 64, 3)
    np.testing.assert_allclose(decoded["groundtruth_boxes"], [[1 / 8, 1 / 8, 3 / 8, 3 / 8]])
    rows, columns = np.nonzero(decoded["groundtruth_instance_masks"][0].numpy())
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (12, 16)


def test_the_sources_are_mixed_by_their_shares(records_file, tmp_path):
    file, _ = photograph(tmp_path / "a", objects=[{"bbox": [8, 8, 16, 16]}])
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    model = maskrcnn.configuration(size=SIZE).model
    tf.random.set_seed(1)
    batches = data.training_batches(
        [records_file], model, SIZE, batch_size=8, seed=1, scales=None,
        photographs={str(file): 0.25},
    )  # fmt: skip
    grey = [
        np.ptp(image.numpy()[:64, :85], axis=(0, 1)).max() < 0.05  # without the padding
        for images, _ in batches.take(15)
        for image in images
    ]
    assert len(grey) == 120
    assert 0.13 < np.mean(grey) < 0.37  # three standard deviations


def test_finds_are_not_punished_where_nobody_looked(tmp_path):
    """In a photograph that is not complete, only what touches a known object is background."""
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    model = maskrcnn.configuration(size=SIZE).model
    objects = [{"bbox": [8, 8, 16, 16], "segmentation": SQUARE}]
    background = {}
    for complete in (0, 1):
        file, _ = photograph(tmp_path / str(complete), objects=objects, complete=complete)
        batches = data.training_batches([file], model, SIZE, batch_size=1, seed=1, scales=None)
        _, labels = next(iter(batches))
        anchors, targets = (
            np.concatenate([np.reshape(each[level], (-1, *shape)) for level in "2345"])
            for each, shape in ((labels["anchor_boxes"], (4,)), (labels["rpn_score_targets"], ()))
        )
        assert (targets == 1).any()
        background[complete] = anchors[targets == 0]
    truth = np.array([8, 8, 24, 24]) * 64 / 48

    def iou(boxes):
        low, high = np.maximum(boxes[:, :2], truth[:2]), np.minimum(boxes[:, 2:], truth[2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        return shared / (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + 21.33**2 - shared)

    assert len(background[1]) > 150
    inside = (background[0] >= 0).all(1) & (background[0] <= [64, 85, 64, 85]).all(1)
    assert (iou(background[0][inside]) >= data.JUDGED_IOU).all()
    assert (iou(background[1]) < data.JUDGED_IOU).any()


def test_the_second_stage_learns_nothing_where_nobody_looked():
    pytest.importorskip("official", reason="TF Model Garden is not installed")
    tf.random.set_seed(0)
    config = maskrcnn.configuration(size=SIZE).model
    (sampler,), masks = recipe._samplers(config)
    objects = tf.constant([[[10.0, 10, 30, 30], [40, 40, 60, 60], [0, 0, 64, 48], [-1] * 4]])
    classes = tf.constant([[2, 3, 0, -1]], tf.int64)
    good, unknown, judged = [11.0, 11, 31, 31], [45.0, 0, 60, 20], [2.0, 60, 30, 90]
    proposals = [good, unknown, judged, *[[0.0, 70, 20, 90]] * 57]  # fewer than are sampled
    rois, matched, found, indices = sampler(tf.constant([proposals]), objects, classes)
    answers = dict(zip(map(tuple, rois[0].numpy()), found[0].numpy().tolist(), strict=True))
    assert answers[tuple(good)] == 2
    assert answers[tuple(unknown)] == -1
    assert answers[tuple(judged)] == 0
    free = found[0] == -1
    np.testing.assert_array_equal(rois[0][free], matched[0][free])  # a box loss of zero, not NaN

    drawn = tf.stack([tf.ones([112, 112]), -tf.ones([112, 112]), *[-tf.ones([112, 112])] * 2])[None]
    _, kinds, _ = masks(rois, matched, found, indices, drawn)
    assert set(kinds.numpy().ravel().tolist()) == {0, 2}  # the person's outline is not known
