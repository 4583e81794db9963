"""Records from COCO and VOC: masks and boxes by hand, real COCO against pycocotools, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from helpers.errors import DataError
from helpers.records import read
from tests.tools.records.annotated import (
    SIZE,
    annotation,
    coco_set,
    from_coco,
    from_voc,
    rectangle,
    save_picture,
)
from tools.records import __main__ as cli
from tools.records.contents import find_files
from tools.records.formats import VOC_CLASSES
from tools.records.shapes import Shape, filled_box

TWO_PARTS = [rectangle(5, 5, 15, 15), rectangle(30, 20, 50, 35)]
CROWD = {"size": list(SIZE), "counts": [0, 80, 2320]}  # the first two columns


def test_polygons_crowds_and_boxes_of_coco(tmp_path):
    items = [
        annotation(1, 1, TWO_PARTS, [5, 5, 45, 30]),
        annotation(2, 1, CROWD, [0, 0, 2, 40], iscrowd=1, category_id=7),
        annotation(3, 3, [rectangle(50, 30, 70, 50)], [50, 30, 20, 20]),
        annotation(4, 3, [rectangle(61, 30, 70, 35)], [61, 30, 9, 5]),
    ]
    source = coco_set(tmp_path, items)
    manifest = from_coco(*source, tmp_path / "out.tfrecord")
    first, second, third = read(tmp_path / "out.tfrecord")
    expected = np.zeros((2, *SIZE), bool)
    expected[0, 5:15, 5:15] = expected[0, 20:35, 30:50] = True
    expected[1, :, :2] = True
    np.testing.assert_array_equal(first.masks, expected)
    np.testing.assert_array_equal(first.boxes, [[5, 5, 35, 50], [0, 0, 40, 2]])
    assert first.crowd.tolist() == [False, True]
    assert first.class_names == ("car", "person")
    assert first.classes.tolist() == [3, 7]
    assert (first.source_id, len(second.classes)) == ("1", 0)
    assert third.boxes.tolist() == [[30, 50, 40, 60]]
    counted = {key: value for key, value in manifest["counts"].items() if value}
    assert counted == {"objects": 3, "crowd": 1, "boxes_clipped": 1, "objects_without_pixels": 1}


def test_the_jpeg_is_kept_byte_for_byte(tmp_path):
    import tensorflow as tf

    source = coco_set(tmp_path, [], pictures=1)
    from_coco(*source, tmp_path / "out.tfrecord")
    [payload] = tf.data.TFRecordDataset(str(tmp_path / "out.tfrecord")).as_numpy_iterator()
    features = tf.train.Example.FromString(payload).features.feature
    assert features["image/encoded"].bytes_list.value[0] == (source[1] / "1.jpg").read_bytes()
    assert features["image/filename"].bytes_list.value[0] == b"1.jpg"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segmentation": [[1, 2, 3, 4]]}, "at least 6 numbers"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "at least 6 numbers"),
        ({"segmentation": [[1, 2, 3, 4, 5, float("nan")]]}, "finite"),
        ({"segmentation": [[1, 2, 3, 4, 5, 10**400]]}, "finite"),
        ({"segmentation": [[1, 2, 3, 4, 5, "6"]]}, "finite"),
        ({"segmentation": [[1, 2, 3, 4, 5, 1e6]]}, "near a picture of 60x40"),
        ({"segmentation": []}, "polygons or run lengths"),
        ({"segmentation": None}, "polygons or run lengths, found None"),
        ({"segmentation": {"size": [40, 60], "counts": [0, 80, 9]}}, "89 pixels but expected 2400"),
        ({"segmentation": {"size": [40, 60], "counts": [0.5, 2399.5]}}, "whole numbers"),
        ({"segmentation": {"size": [40, 60], "counts": [-5, 2405]}}, r"\[-5, 2405\]"),
        ({"segmentation": {"size": [9999, 9999], "counts": [0]}}, r"size \[40, 60\]"),
        ({"bbox": [1, 2, -3, 4]}, "x, y, width, height round its mask"),
        ({"bbox": [1, 2, 3]}, "4 numbers"),
        ({"bbox": [1, 2, 3, float("inf")]}, "finite"),
    ],
)
def test_a_wrong_object_is_named(tmp_path, changes, words):
    item = annotation(17, 2, [rectangle(1, 1, 9, 9)], [1, 1, 8, 8]) | changes
    source = coco_set(tmp_path, [item])
    with pytest.raises(DataError, match=rf"^2\.jpg: annotation 17.*{words}"):
        from_coco(*source, tmp_path / "out.tfrecord")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "instances.json"]
    manifest = from_coco(*source, tmp_path / "out.tfrecord", skip_bad=True)
    assert (manifest["records"], manifest["left_out"]) == (2, ["2"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"categories": [{"id": 3}]}, "category 3, name"),
        ({"categories": [{"id": 3, "name": "a"}] * 2}, "each number and each name once"),
        ({"categories": [{"id": 7, "name": "person"}]}, "one of the 1 ids in the file, found 3"),
        ({"categories": [{"id": -1, "name": "a"}, {"id": 3, "name": "b"}]}, "'a' as -1"),
        ({"categories": [{"id": 3, "name": "b"}, {"id": 7, "name": "b"}]}, "each name once"),
        ({"categories": [{"id": 3, "name": ""}]}, "found '' as 3"),
        ({"categories": [{"id": 3, "name": "half \ud800"}]}, "classes numbered from 1"),
        ({"images": [{"id": 2}]}, "image 2, height"),
        ({"images": []}, "one of the 0 ids in the file, found 2"),
        ({"annotations": [5]}, "annotation 5"),
        ({"annotations": None}, "annotations: expected a list"),
    ],
)
def test_a_wrong_file_is_an_error_even_when_bad_pictures_are_skipped(tmp_path, changes, words):
    item = annotation(17, 2, [rectangle(1, 1, 9, 9)], [1, 1, 8, 8])
    source = coco_set(tmp_path, [item], **changes)
    with pytest.raises(DataError, match=words):
        from_coco(*source, tmp_path / "out.tfrecord", skip_bad=True)
    assert not (tmp_path / "out.tfrecord").exists()


def test_real_coco_agrees_with_pycocotools(shared_data, tmp_path, capsys):
    coco_tools = pytest.importorskip("pycocotools.coco")
    folder = shared_data / "coco"
    arguments = ["from-coco", folder / "instances.json", folder / "images", tmp_path / "c.tfrecord"]
    assert cli.main([*map(str, arguments), "--shards", "2"]) == 0
    manifest = json.loads(capsys.readouterr().out)
    coco = coco_tools.COCO(str(folder / "instances.json"))
    assert manifest["records"] == len(coco.imgs)
    assert manifest["counts"]["objects"] == len(coco.anns)
    assert manifest["counts"]["crowd"] == sum(each["iscrowd"] for each in coco.anns.values())
    shards = find_files([str(tmp_path / "c.tfrecord-*")])
    examples = list(read(shards))
    assert [int(each.source_id) for each in examples] == list(coco.imgs)
    for example in examples[::4] + [each for each in examples if each.crowd.any()]:
        items = coco.imgToAnns[int(example.source_id)]
        assert example.classes.tolist() == [item["category_id"] for item in items]
        for item, mask, box in zip(items, example.masks, example.boxes, strict=True):
            np.testing.assert_array_equal(mask, coco.annToMask(item).astype(bool))
            left, top, width, height = item["bbox"]
            expected = [top, left, top + height, left + width]
            np.testing.assert_allclose(box, expected, atol=1e-3)


@pytest.fixture
def voc(tmp_path):
    """Two pictures; the first has a car (7) and two persons (15) with void outlines."""
    folder = tmp_path / "voc"
    for name in ("a", "b"):
        save_picture(folder / "JPEGImages" / f"{name}.jpg")
        objects, classes = np.zeros((2, *SIZE), np.uint8)
        if name == "a":
            objects[10:20, 10:20], classes[10:20, 10:20] = 1, 7
            objects[0:5, 0:5], classes[0:5, 0:5] = 2, 15
            objects[30:40, 50:60], classes[30:40, 50:60] = 5, 15
            objects[10, 10:20] = classes[10, 10:20] = 255
        for kind, array in (("SegmentationObject", objects), ("SegmentationClass", classes)):
            picture = Image.fromarray(array)
            picture.putpalette(np.random.default_rng(0).integers(0, 256, 768).tolist())
            (folder / kind).mkdir(exist_ok=True)
            picture.save(folder / kind / f"{name}.png")
    return folder


def test_masks_of_voc(voc, tmp_path, capsys):
    assert cli.main(["from-voc", str(voc), str(tmp_path / "v.tfrecord")]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert (manifest["records"], manifest["counts"]["objects"]) == (2, 3)
    assert len(VOC_CLASSES) == len(manifest["classes"]) == 20
    first, second = read(tmp_path / "v.tfrecord")
    assert first.class_names == ("car", "person", "person")
    assert first.boxes.tolist() == [[11, 10, 20, 20], [0, 0, 5, 5], [30, 50, 40, 60]]
    assert np.count_nonzero(first.masks, axis=(1, 2)).tolist() == [90, 25, 100]
    assert np.unique(first.semantic).tolist() == [0, 7, 15, 255]
    assert second.masks.shape == (0, *SIZE)


def test_a_list_chooses_pictures_of_voc(voc, tmp_path):
    listing = tmp_path / "train.txt"
    listing.write_text("b\n\n", encoding="utf-8")
    assert from_voc(voc, tmp_path / "v.tfrecord", listing=listing)["records"] == 1
    listing.write_text("../../b\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"SegmentationObject: expected ../../b.png, found no"):
        from_voc(voc, tmp_path / "w.tfrecord", listing=listing)
    with pytest.raises(DataError, match="a list of names"):
        from_voc(voc, tmp_path / "w.tfrecord", listing=tmp_path / "none.txt")


def change_masks(voc, kind, change):
    path = voc / kind / "a.png"
    change(np.array(Image.open(path)), path)


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (
            "SegmentationClass",
            lambda array, path: Image.fromarray(np.roll(array, 5, axis=1)).save(path),
            r"an object, numbered from 1 to 254, wherever there is a class",
        ),
        (
            "SegmentationClass",
            lambda array, path: Image.fromarray(np.where(array == 7, 99, array)).save(path),
            "class 99",
        ),
        (
            "SegmentationObject",
            lambda array, path: Image.fromarray(np.stack([array] * 3, 2)).save(path),
            "mode RGB",
        ),
        (
            "SegmentationObject",
            lambda array, path: Image.fromarray(array[:20]).save(path),
            "60x40 pixels as the picture has, found 60x20",
        ),
        (
            "SegmentationObject",
            lambda array, path: path.write_bytes(path.read_bytes()[:100]),
            "a file that ends early",
        ),
        (
            "SegmentationClass",
            lambda array, path: path.unlink(),
            "expected a.png, found no such file",
        ),
    ],
)
def test_wrong_masks_of_voc_are_named(voc, tmp_path, kind, change, words):
    change_masks(voc, kind, change)
    with pytest.raises(DataError, match=rf"a\.jpg: .*{words}"):
        from_voc(voc, tmp_path / "v.tfrecord", listing=None)
    manifest = from_voc(voc, tmp_path / "v.tfrecord", skip_bad=True)
    assert manifest["left_out"] == ["a"]


@pytest.mark.parametrize(
    ("box", "columns"),
    [([90, 10, 15, 20], 10), ([-30, 10, 60, 20], 30)],
    ids=["beyond the right edge", "before the left edge"],
)
def test_a_box_without_outline_may_overshoot_the_picture_a_little(box, columns):
    mask = filled_box(Shape("here", 1, None, box=box), (100, 100))
    assert mask.any(axis=0).sum() == columns


@pytest.mark.parametrize("box", [[90, 10, 25, 20], [-500, 10, 510, 20], [10, -500, 20, 510]])
def test_a_box_without_outline_far_outside_is_refused(box):
    with pytest.raises(DataError, match=r"here, bbox: expected .* 100x100"):
        filled_box(Shape("here", 1, None, box=box), (100, 100))
