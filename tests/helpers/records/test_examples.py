"""Detection records: bit-exact round trips, agreement with the keys of TFOD2, damage by field."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from helpers.errors import ArrayError, RecordError
from helpers.records import SIDES, Example, parse, read, serialise, write, write_payloads
from tests.helpers.records.made import assert_same, make_example


def damaged(example: Example, change: Callable) -> bytes:
    """The record of an example after `change` was called with its feature map."""
    import tensorflow as tf

    record = tf.train.Example.FromString(serialise(example))
    change(record.features.feature)
    return record.SerializeToString()


def test_round_trip_of_many_examples(tmp_path, rng):
    examples = [
        make_example(rng, int(rng.integers(0, 12)), tuple(rng.integers(1, 60, 2)))
        for _ in range(60)
    ]
    path = tmp_path / "many.tfrecord"
    assert write(path, examples) == len(examples)
    for found, expected in zip(read(path), examples, strict=True):
        assert_same(found, expected)


@pytest.mark.parametrize("every", [1, 2, 3, 20])
def test_every_so_many_records_are_decoded_over_all_files(tmp_path, rng, every):
    examples = [make_example(rng, 1) for _ in range(11)]
    files = [tmp_path / "a.tfrecord", tmp_path / "b.tfrecord"]
    write(files[0], examples[:4])
    write(files[1], examples[4:])
    for found, expected in zip(read(files, every=every), examples[::every], strict=True):
        assert_same(found, expected)


def test_a_picture_without_objects(rng):
    found = parse(serialise(make_example(rng, 0)))
    assert found.masks.shape == (0, 24, 37)
    assert found.boxes.shape == found.boxes_normalised.shape == (0, 4)
    assert found.classes.shape == found.crowd.shape == (0,)


def test_optional_parts_may_be_missing(rng):
    example = make_example(rng, semantic=None, amodal=None, facts={})
    assert_same(parse(serialise(example)), example)


def test_jpeg_pictures_come_back_nearly_and_masks_exactly(rng):
    smooth = np.linspace(0, 255, 24 * 37 * 3).reshape(24, 37, 3).astype(np.uint8)
    example = make_example(rng, image=smooth)
    found = parse(serialise(example, "jpeg"))
    assert np.abs(found.image.astype(int) - smooth).mean() < 4
    np.testing.assert_array_equal(found.masks, example.masks)


def test_boxes_are_stored_normalised_in_tfod2s_order(rng):
    import tensorflow as tf

    boxes = np.array([[6, 0, 12, 37]], np.float32)
    masks = np.zeros((1, 24, 37), bool)
    masks[0, 6:12] = True
    record = tf.train.Example.FromString(serialise(make_example(rng, 1, boxes=boxes, masks=masks)))
    stored = [record.features.feature[f"image/object/bbox/{s}"].float_list.value for s in SIDES]
    np.testing.assert_allclose(np.ravel(stored), [0.25, 0.0, 0.5, 1.0])


def test_dense_masks_read_like_png_masks(rng):
    example = make_example(rng)

    def make_dense(features):
        del features["image/object/mask"]
        features["image/object/mask"].float_list.value.extend(
            example.masks.astype(np.float32).ravel()
        )

    np.testing.assert_array_equal(parse(damaged(example, make_dense)).masks, example.masks)


def test_grey_pictures_become_rgb(rng):
    import tensorflow as tf

    grey = rng.integers(0, 256, (24, 37, 1), np.uint8)
    record = serialise(make_example(rng), encoded=tf.io.encode_png(grey).numpy())
    np.testing.assert_array_equal(parse(record).image, np.repeat(grey, 3, axis=2))


def test_several_shards_are_read_in_order(tmp_path, rng):
    names = [f"{k}" for k in range(5)]
    examples = [make_example(rng, 1, source_id=name) for name in names]
    write(tmp_path / "a", examples[:2])
    write(tmp_path / "b", examples[2:])
    assert [e.source_id for e in read([tmp_path / "a", tmp_path / "b"])] == names


def extend(key: str, *values):
    def change(features):
        features[key].ListFields()[0][1].value.extend(values)

    return change


def replace_values(key: str, kind: str, *values):
    def change(features):
        del features[key]
        getattr(features[key], kind).value.extend(values)

    return change


def forget(key: str):
    def change(features):
        del features[key]

    return change


def claim(key: str, width: int, height: int):
    """Make a PNG claim another size in its header."""

    def change(features):
        values = features[key].bytes_list.value
        size = width.to_bytes(4) + height.to_bytes(4)
        values[0] = values[0][:16] + size + values[0][24:]

    return change


def cut(key: str):
    def change(features):
        values = features[key].bytes_list.value
        values[0] = values[0][: len(values[0]) // 2]

    return change


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (forget("image/encoded"), "image/encoded", "1 values, found 0"),
        (cut("image/encoded"), "image/encoded", "damage"),
        (
            replace_values("image/encoded", "bytes_list", b"GIF89a"),
            "image/encoded",
            "complete PNG or JPEG",
        ),
        (
            replace_values("image/encoded", "bytes_list", b""),
            "image/encoded",
            "complete PNG or JPEG",
        ),
        (claim("image/encoded", 60_000, 60_000), "image/encoded", "damaged bytes"),
        (
            claim("image/object/mask", 60_000, 60_000),
            "image/object/mask",
            "damaged bytes for object 0",
        ),
        (replace_values("image/height", "int64_list", 25), "image/height", "24"),
        (replace_values("image/width", "float_list", 37.0), "image/width", "float_list"),
        (extend("image/object/mask", b"x"), "image/object/mask", "3 values"),
        (cut("image/object/mask"), "image/object/mask", "for object 0"),
        (cut("image/object/amodal_mask"), "image/object/amodal_mask", "for object 0"),
        (cut("image/segmentation/encoded"), "image/segmentation/encoded", "complete PNG"),
        (extend("image/object/class/label", 1), "image/object/class/label", "3 values"),
        (
            replace_values("image/object/class/label", "int64_list", 1, 0, 2),
            "image/object/class/label",
            "numbers from 1",
        ),
        (forget("image/object/bbox/xmin"), "image/object/bbox/xmin", "3 values"),
        (
            replace_values("image/object/bbox/ymin", "float_list", 0.0, np.nan, 0.0),
            "image/object/bbox",
            "object 1",
        ),
        (
            replace_values("image/object/bbox/ymin", "float_list", 0.0, 2.0, 0.0),
            "image/object/bbox",
            "object 1",
        ),
        (
            replace_values("image/object/bbox/xmax", "float_list", 1.0, 1.0, 1.5),
            "image/object/bbox",
            "object 2",
        ),
        (
            replace_values("image/object/class/text", "bytes_list", b"\xff", b"a", b"b"),
            "image/object/class/text",
            "UTF-8",
        ),
        (
            replace_values("image/facts", "bytes_list", b"{"),
            "image/facts",
            "Expecting property name",
        ),
        (replace_values("image/object/is_crowd", "int64_list", 1), "image/object/is_crowd", "3"),
        (
            replace_values("image/object/is_crowd", "int64_list", 0, 2, 1),
            "image/object/is_crowd",
            "0 or 1",
        ),
    ],
)
def test_damage_is_named_by_file_record_and_field(tmp_path, rng, change, field, words):
    good = make_example(rng)
    path = tmp_path / "one.tfrecord"
    write_payloads(path, [serialise(good), damaged(good, change), serialise(good)])
    with pytest.raises(RecordError) as caught:
        list(read(path))
    message = str(caught.value)
    assert f"{path}, record 1 at byte {len(serialise(good)) + 16}, field {field}" in message
    assert words in message
    errors: list[RecordError] = []
    assert len(list(read(path, on_damage=errors.append))) == 2
    assert [str(error) for error in errors] == [message]


def test_other_bytes_are_no_example(tmp_path):
    write_payloads(tmp_path / "x", [b"\x0a\xff\xff\xff\xff\xff"])
    with pytest.raises(RecordError, match=r"record 0 at byte 0, payload: expected a tf"):
        list(read(tmp_path / "x"))


def test_random_damage_gives_record_errors_only(rng):
    payload = serialise(make_example(rng, 2))
    caught = 0
    for _ in range(150):
        noise = bytearray(payload)
        for _ in range(int(rng.integers(1, 5))):
            noise[int(rng.integers(len(noise)))] ^= 1 << int(rng.integers(8))
        try:
            parse(bytes(noise), "fuzz")
        except RecordError as error:
            caught += 1
            assert str(error).startswith("fuzz")
    assert caught > 20


def test_an_unknown_format_is_refused(rng):
    with pytest.raises(ArrayError, match="'gif'"):
        serialise(make_example(rng), "gif")
