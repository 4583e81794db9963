"""Kinds of annotation files that people really have: read rightly, refused in a line, or counted.

Each input is made here, after public bug reports; the picture is 60 x 40 with a white square from
x 10, y 5 to x 20, y 15, so that it is seen whether a mask lies on its object.
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import pictures
from helpers.errors import DataError
from tools.records import __main__ as command
from tools.records import finding
from tools.records.annotations import AnnotationSet
from tools.records.coco import read_coco
from tools.records.fields import flag
from tools.records.formats import read_cvat, read_voc, read_yolo
from tools.records.label_maps import read_names
from tools.records.labelme import read_labelme

SQUARE = [10, 5, 20, 5, 20, 15, 10, 15]
BOX = [5.0, 10.0, 15.0, 20.0]
WHITE = np.zeros((40, 60, 3), np.uint8)
WHITE[5:15, 10:20] = 255


def save(path: Path, orientation: int = 1, shown: np.ndarray = WHITE) -> Path:
    """A picture that looks like `shown` to whoever honours its orientation."""
    stored = shown
    if orientation != 1:
        back = {6: 8, 8: 6}.get(orientation, orientation)  # the others undo themselves
        stored = pictures.upright(shown, back)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": 95, "subsampling": 0} if path.suffix.lower() != ".png" else {}
    kind = "png" if path.suffix.lower() == ".png" else "jpeg"
    Image.fromarray(stored).save(path, kind, exif=exif.tobytes(), **options)
    return path


def coco(folder: Path, **changes: Any) -> AnnotationSet:
    """One picture, one object; a change replaces a key of the file, or of each image."""
    content: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": 100}
            | {"bbox": [10, 5, 10, 10], "segmentation": [SQUARE]}
        ],
        "categories": [{"id": 1, "name": "white"}],
    }
    how = changes.pop("how", {})
    for key, value in changes.items():
        whole = {"image": "images", "annotation": "annotations"}.get(key)
        if whole:
            content[whole] = [
                {k: v for k, v in (each | value).items() if v is not ...} for each in content[whole]
            ]
        else:
            content[key] = value
    if not (folder / "images").exists():
        save(folder / "images" / "a.png")
    (folder / "instances.json").write_text(json.dumps(content), encoding="utf-8")
    return read_coco(folder / "instances.json", folder / "images", **how)


def on_the_object(found: AnnotationSet) -> None:
    """The only object covers exactly the white square, and so does its box."""
    (example,) = found
    assert len(example.masks) == 1
    white = example.image[..., 1] > 128
    np.testing.assert_array_equal(example.masks[0], white)
    rows, columns = np.flatnonzero(white.any(1)), np.flatnonzero(white.any(0))
    expected = [rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]
    np.testing.assert_allclose(example.boxes[0], expected, atol=1)
    assert not example.crowd.any()


# --- COCO -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {}, {"id": ...}, {"id": 0}, {"id": "x"}, {"image_id": "1"}, {"image_id": 1.0},
        {"category_id": "1"}, {"iscrowd": ...}, {"iscrowd": None}, {"iscrowd": False},
        {"iscrowd": "0"}, {"iscrowd": "false"}, {"iscrowd": 0.0}, {"area": ...}, {"bbox": ...},
        {"bbox": None}, {"bbox": ["10", "5", "10", "10"]}, {"bbox": [10.4, 4.8, 9.8, 10.3]},
    ],
)  # fmt: skip
def test_what_is_certain_is_read(tmp_path, change):
    found = coco(tmp_path, annotation=change)
    on_the_object(found)
    assert not found.counts["boxes_from_masks"]


@pytest.mark.parametrize(
    "box",
    [
        [0, 0, 0, 0], [10, 5, 0, 10], [10, 5, 20, 15],  # zeros, no width, corners
        [10 / 60, 5 / 40, 10 / 60, 10 / 40], [10 / 60, 5 / 40, 20 / 60, 15 / 40],  # shares
    ],
)  # fmt: skip
def test_a_box_whose_meaning_shows_in_the_mask_is_taken_from_it_and_counted(tmp_path, box):
    found = coco(tmp_path, annotation={"bbox": box})
    on_the_object(found)
    assert found.counts["boxes_from_masks"] == 1


@pytest.mark.parametrize("box", [[34, 20, 4, 4], [32, 22, 4, 4], [30, 24, 4, 4], [26, 20, 4, 4]])
def test_a_box_beside_a_small_object_is_refused(tmp_path, box):
    """Four pixels beside it are within the tolerance of a large object."""
    outline = [[30, 20, 34, 20, 34, 24, 30, 24]]
    with pytest.raises(DataError, match="annotation 1, bbox: expected x, y, width, height round"):
        list(coco(tmp_path, annotation={"segmentation": outline, "bbox": box}))
    for near in ([30, 20, 4, 4], [29.4, 19.5, 5.2, 5.1], [30.3, 20.4, 3.4, 3.2]):
        (example,) = coco(tmp_path, annotation={"segmentation": outline, "bbox": near})
        assert example.boxes.tolist() == [pytest.approx([near[1], near[0], near[1] + near[3],
                                                         near[0] + near[2]])]  # fmt: skip


@pytest.mark.parametrize("box", [[30, 5, 10, 10], [5, 10, 10, 10], [10, 5, 40, 30], [70, 50, 9, 9]])
def test_a_box_elsewhere_is_refused_with_a_way_out(tmp_path, box):
    found = coco(tmp_path, annotation={"bbox": box})
    message = (
        r"a\.png: annotation 1, bbox: expected x, y, width, height round its mask, \[10.0, 5.0"
    )
    with pytest.raises(DataError, match=message):
        list(found)
    on_the_object(coco(tmp_path, annotation={"bbox": box}, how={"boxes": "masks"}))


@pytest.mark.parametrize(
    "change",
    [
        {"iscrowd": "no"}, {"iscrowd": 2}, {"image_id": None}, {"image_id": True},
        {"image_id": 2}, {"category_id": "white"}, {"category_id": 1.5}, {"category_id": 2},
    ],
)  # fmt: skip
def test_an_annotation_that_belongs_nowhere_is_refused_at_once(tmp_path, change):
    with pytest.raises(DataError, match=r"instances\.json, annotation 1"):
        coco(tmp_path, annotation=change)


@pytest.mark.parametrize(
    "segmentation",
    [
        None, [], [[]], "text", 5, [SQUARE, []], [SQUARE[:2]], [SQUARE[:4]], [SQUARE[:7]], SQUARE,
        [[10, 5], [20, 5], [20, 15]], [[True] * 6], [["10"] * 6], [[float("nan")] * 6],
        [[x / 60 for x in SQUARE]], {"size": [60, 40], "counts": [2400]},
        {"size": [40, 60], "counts": "zz"}, {"size": [40, 60], "counts": [2399]},
        {"size": [40, 60], "counts": None}, {"size": [40, 60]}, {"counts": [2400]},
    ],
)  # fmt: skip
def test_what_is_no_outline_is_refused_by_picture_and_annotation(tmp_path, segmentation):
    found = coco(tmp_path, annotation={"segmentation": segmentation})
    with pytest.raises(DataError, match=r"^a\.png: annotation 1, "):
        list(found)


@pytest.mark.parametrize(
    "change",
    [
        {"images": None}, {"images": [5]}, {"annotations": {"1": {}}}, {"annotations": [5]},
        {"categories": "white"}, {"image": {"width": ...}}, {"image": {"width": None}},
        {"image": {"width": 60.5}}, {"image": {"file_name": ...}}, {"image": {"id": None}},
        {"categories": [{"id": 1, "name": "white"}, {"id": 2, "name": "white"}]},
        {"categories": [{"id": 1, "name": "white"}, {"id": "1", "name": "grey"}]},
        {"images": [{"id": k, "file_name": "a.png", "width": 60, "height": 40} for k in (1, "1")]},
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(tmp_path, change):
    with pytest.raises(DataError, match=r"instances\.json.*expected .*, found "):
        coco(tmp_path, **change)


@pytest.mark.parametrize("change", [{"width": 40, "height": 60}, {"width": 30, "height": 20}])
def test_another_size_than_the_pictures_is_refused(tmp_path, change):
    with pytest.raises(DataError, match=r"a\.png: its annotation: expected 60x40 pixels"):
        list(coco(tmp_path, image=change))


def test_sizes_may_be_texts_or_floats(tmp_path):
    on_the_object(coco(tmp_path, image={"width": "60", "height": 40.0}))


def test_an_object_given_twice_is_taken_once_and_counted(tmp_path):
    item = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [SQUARE]}
    found = coco(tmp_path, annotations=[item, item | {"id": 2}])
    on_the_object(found)
    assert found.counts["objects_given_twice"] == 1


def test_an_object_without_pixels_is_counted(tmp_path):
    item = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [SQUARE]}
    outside = item | {"id": 2, "segmentation": [[61, 5, 70, 5, 70, 15, 61, 15]]}
    found = coco(tmp_path, annotations=[item, outside])
    on_the_object(found)
    assert found.counts["objects_without_pixels"] == 1


@pytest.mark.parametrize(
    "segmentation",
    [{"size": [40, 60], "counts": [2400]}, [[10.1, 5.1, 10.2, 5.1, 10.2, 5.2]]],
)
def test_an_empty_outline_in_a_box_that_is_not_is_refused(tmp_path, segmentation):
    with pytest.raises(DataError, match=r"annotation 1: expected pixels in its outline"):
        list(coco(tmp_path, annotation={"segmentation": segmentation}))


def test_ids_that_begin_anew_in_each_picture_do_no_harm(tmp_path):
    images = [{"id": k, "file_name": f"{k}.png", "width": 60, "height": 40} for k in (1, 2, 3)]
    for k in (1, 2, 3):
        save(tmp_path / "images" / f"{k}.png")
    item = {"id": 1, "category_id": 1, "segmentation": [SQUARE]}
    items = [item | {"image_id": k} for k in (1, 2)]
    found = list(coco(tmp_path, images=images, annotations=items))
    assert [len(example.masks) for example in found] == [1, 1, 0]


def test_a_category_0_without_objects_is_left_out_and_noted(tmp_path):
    categories = [{"id": 0, "name": "things"}, {"id": 1, "name": "white"}]
    found = coco(tmp_path, categories=categories)
    on_the_object(found)
    assert (found.classes, found.notes) == (
        {1: "white"},
        ["category 0, 'things', has no objects: left out"],
    )


def test_categories_from_0_are_numbered_from_1_and_that_is_noted(tmp_path):
    categories = [{"id": 0, "name": "white"}, {"id": 1, "name": "grey"}]
    found = coco(tmp_path, categories=categories, annotation={"category_id": 0})
    (example,) = found
    assert found.classes == {1: "white", 2: "grey"}
    assert (example.classes.tolist(), example.class_names) == ([1], ("white",))
    assert "each number became one more" in found.notes[0]


def two_entries(**changes: Any) -> dict[str, Any]:
    return {
        "images": [
            {"id": 1, "file_name": "a.png", "width": 60, "height": 40},
            {"id": 2, "file_name": "images\\a.png", "width": 60, "height": 40},
        ]
    } | changes


def test_one_picture_under_two_ids_is_joined_where_one_has_the_objects(tmp_path):
    found = coco(tmp_path, **two_entries())
    on_the_object(found)
    assert found.notes == ["a.png: one picture as 1, 2: joined as 1"]


def test_one_picture_under_two_ids_with_objects_each_is_refused(tmp_path):
    item = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [SQUARE]}
    other = item | {"image_id": 2, "segmentation": [[30, 5, 40, 5, 40, 15, 30, 15]]}
    found = coco(tmp_path, **two_entries(annotations=[item, other]))
    with pytest.raises(DataError, match="expected each picture once, found it as 1, 2"):
        list(found)


def test_unicode_of_any_form_is_read_and_other_encodings_are_named(tmp_path):
    coco(tmp_path)
    file = tmp_path / "instances.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8-sig")
    on_the_object(read_coco(file, tmp_path / "images"))
    file.write_text(text, encoding="utf-16")
    on_the_object(read_coco(file, tmp_path / "images"))
    file.write_text(text.replace("white", "weiß"), encoding="latin-1")
    with pytest.raises(DataError, match=r"instances\.json: expected JSON, found 'utf-8' codec"):
        read_coco(file, tmp_path / "images")


@pytest.mark.parametrize("part", ["images", "annotations", "categories"])
def test_a_field_twice_hides_no_other(tmp_path, part):
    coco(tmp_path)
    file = tmp_path / "instances.json"
    file.write_text(file.read_text()[:-1] + f', "{part}": []}}')
    with pytest.raises(DataError, match=rf"instances\.json: .* the field '{part}' twice"):
        read_coco(file, tmp_path / "images")


def test_a_number_of_five_thousand_digits_is_no_traceback(tmp_path):
    with pytest.raises(DataError, match="image_id: expected one of the 1 ids"):
        coco(tmp_path, annotation={"image_id": "9" * 5000})


def test_outlines_that_may_be_per_cent_are_noted(tmp_path):
    save(tmp_path / "images" / "a.png", shown=np.kron(WHITE, np.ones((10, 10, 1), np.uint8)))
    image = {"width": 600, "height": 400}
    outline = [100 * v / (600, 400)[k % 2] for k, v in enumerate(10 * np.array(SQUARE))]
    found = coco(tmp_path, image=image, annotation={"segmentation": [outline], "bbox": ...})
    assert found.notes == ["all outlines lie in a corner of 100 x 100 pixels: are they per cent?"]
    found = coco(tmp_path, image=image, annotation={
        "segmentation": [[10 * v for v in SQUARE]], "bbox": ...})  # fmt: skip
    on_the_object(found)
    assert not found.notes


def test_boxes_alone_are_taken_only_where_they_are_asked_for(tmp_path):
    found = coco(tmp_path, annotation={"segmentation": []}, how={"boxes_alone": True})
    (example,) = found
    assert example.boxes.tolist() == [BOX]
    assert example.masks.sum() == 100
    assert example.facts["annotations"][0]["segmentation"] == []
    large = {"width": 600, "height": 400}
    how = {"boxes_alone": True}
    assert not coco(tmp_path, image=large, annotation={"segmentation": []}, how=how).notes
    assert example.facts["image"]["file_name"] == "a.png"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
KEYS = [
    "image_id",
    "category_id",
    "iscrowd",
    "bbox",
    "segmentation",
    "width",
    "height",
    "name",
    "id",
]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(key=st.sampled_from(KEYS), value=values, part=st.sampled_from(["image", "annotation"]))
def test_whatever_stands_in_a_file_it_is_read_or_refused(tmp_path, key, value, part):
    """No traceback; and an object that is read lies on its square or on what the file outlined."""
    try:
        (example,) = coco(tmp_path, **{part: {key: value}})
    except DataError as error:
        assert "\n" not in str(error)
        return
    assert len(example.masks) == len(example.boxes) == len(example.classes)
    if key != "segmentation" and len(example.masks):
        np.testing.assert_array_equal(example.masks[0], WHITE[..., 0] > 0)


@pytest.mark.parametrize(
    ("value", "truth"), [("True", True), (" 1 ", True), (1.0, True), (None, False)]
)
def test_flags(value, truth):
    assert flag(value, "x") is truth


# --- EXIF, in every format ------------------------------------------------------------------------


def exif_set(folder: Path, kind: str, orientation: int, drawn_on: str, size: str, **how: Any):
    """A turned picture; its outline was drawn on what is shown or stored; a size is stated."""
    shown_box = np.array(BOX)
    path = save(folder / "images" / "a.jpg", orientation)
    stored, _ = finding.header(path)
    turned = pictures.upright(np.empty(stored, bool), orientation).shape
    box = shown_box
    if drawn_on == "stored":  # where the square lies before it is turned
        mask = np.asarray(Image.open(path).convert("L")) > 128
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1])
    top, left, bottom, right = map(float, box)
    outline = [left, top, right, top, right, bottom, left, bottom]
    height, width = {"shown": turned, "stored": stored}[size]
    if kind == "coco":
        image = {"file_name": "a.jpg", "width": width, "height": height}
        item = {"segmentation": [outline], "bbox": [left, top, right - left, bottom - top]}
        return coco(folder, image=image, annotation=item, how=how)
    points = np.reshape(outline, (-1, 2)).tolist()
    content = {"imagePath": "a.jpg", "imageHeight": height, "imageWidth": width}
    content["shapes"] = [{"label": "white", "points": points, "shape_type": "polygon"}]
    (folder / "images" / "a.json").write_text(json.dumps(content))
    return read_labelme(folder / "images", **how)


TURNED = [
    (orientation, drawn_on, size)
    for orientation in range(2, 9)
    for drawn_on in ("shown", "stored")
    for size in ("shown", "stored")
    if orientation < 5 or (drawn_on, size) != ("stored", "shown")  # which no tool writes
]


@pytest.mark.parametrize("kind", ["coco", "labelme"])
@pytest.mark.parametrize(("orientation", "drawn_on", "size"), TURNED)
def test_a_mask_lies_on_its_object_or_the_picture_is_refused(
    tmp_path, kind, orientation, drawn_on, size
):
    """Only a size as shown, which a turn by 90 degrees changes, decides here."""
    found = exif_set(tmp_path, kind, orientation, drawn_on, size)
    if orientation > 4 and size == "shown":
        on_the_object(found)
    else:
        try:
            on_the_object(found)
        except DataError as error:
            assert f"EXIF orientation {orientation}" in str(error)
            assert "--outlines shown" in str(error)
    said = exif_set(tmp_path, kind, orientation, drawn_on, size, outlines=drawn_on)
    on_the_object(said)
    assert said.counts["pictures_turned"] == 1


@pytest.mark.parametrize("drawn_on", ["shown", "stored"])
def test_an_outline_that_fits_one_way_only_decides(tmp_path, drawn_on):
    """Label Studio's files: the size as stored, outlines on the picture as shown."""
    shown = np.zeros((60, 40, 3), np.uint8)
    shown[45:55, 10:20] = 255
    path = save(tmp_path / "images" / "a.png", 6, shown)
    stored, _ = finding.header(path)
    outline = {
        "shown": [10, 45, 20, 45, 20, 55, 10, 55],
        "stored": [45, 20, 55, 20, 55, 30, 45, 30],
    }
    image = {"width": stored[1], "height": stored[0]}
    item = {"segmentation": [outline[drawn_on]], "bbox": ...}
    on_the_object(coco(tmp_path, image=image, annotation=item))


# --- LabelMe --------------------------------------------------------------------------------------

CORNERS = [[10, 5], [20, 5], [20, 15], [10, 15]]


def labelme(folder: Path, name: str = "a.json", shapes: list | None = None, **changes: Any) -> Path:
    shape = {"label": "white", "points": CORNERS, "shape_type": "polygon"}
    content = {"imagePath": "a.png", "imageHeight": 40, "imageWidth": 60} | changes
    content["shapes"] = [shape | each for each in (shapes if shapes is not None else [{}])]
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
    if not (folder / "a.png").exists():
        save(folder / "a.png")
    return folder


@pytest.mark.parametrize(
    "shape",
    [
        {}, {"shape_type": ...}, {"shape_type": None}, {"group_id": ""}, {"group_id": 0},
        {"shape_type": "rectangle"}, {"shape_type": "rectangle", "points": [[20, 15], [10, 5]]},
    ],
)  # fmt: skip
def test_shapes_of_labelme(tmp_path, shape):
    labelme(tmp_path, shapes=[{k: v for k, v in shape.items() if v is not ...}])
    on_the_object(read_labelme(tmp_path))


def test_an_empty_group_joins_nothing(tmp_path):
    elsewhere = [[x + 30, y] for x, y in CORNERS]
    labelme(tmp_path, shapes=[{"group_id": ""}, {"group_id": "", "points": elsewhere}])
    (example,) = read_labelme(tmp_path)
    assert len(example.masks) == 2


@pytest.mark.parametrize("group", [True, 1.5, [1], {"id": 1}])
def test_a_group_that_is_no_number_is_refused(tmp_path, group):
    labelme(tmp_path, shapes=[{"group_id": group}])
    with pytest.raises(
        DataError, match=r"shape 0 \(white\), group_id: expected a number or a text"
    ):
        list(read_labelme(tmp_path))


@pytest.mark.parametrize("kind", ["circle", "line", "point", "linestrip", "mask", "rotation"])
def test_shapes_that_are_no_outline_are_refused(tmp_path, kind):
    labelme(tmp_path, shapes=[{"shape_type": kind}])
    with pytest.raises(DataError, match=rf"a\.png: shape 0 \(white\).*found {kind} of 4 points"):
        list(read_labelme(tmp_path))


def test_any_case_of_the_suffix_and_what_is_not_taken(tmp_path):
    labelme(tmp_path, "A.JSON")
    labelme(tmp_path, "._A.JSON").joinpath("._A.JSON").write_bytes(b"\0\5\x16\7")
    labelme(tmp_path, "sub/b.json")
    found = read_labelme(tmp_path)
    on_the_object(found)
    assert found.notes == ["ignored: 1 in folders below: sub/b.json"]


def test_two_annotations_of_one_picture_are_refused(tmp_path):
    labelme(tmp_path / "json", "a.json", imagePath="d1\\a.png")
    labelme(tmp_path / "json", "b.json", imagePath="d2\\a.png", shapes=[{"label": "other"}])
    save(tmp_path / "pics" / "a.png")
    with pytest.raises(DataError, match="expected each picture once"):
        list(read_labelme(tmp_path / "json", images=tmp_path / "pics"))


@pytest.mark.parametrize("name", [".\\a.png", "..\\pics\\a.png", "C:\\users\\x\\a.png"])
def test_paths_of_windows(tmp_path, name):
    labelme(tmp_path / "json", imagePath=name)
    if name.startswith(".\\"):
        on_the_object(read_labelme(tmp_path / "json"))
    else:
        with pytest.raises(DataError, match="--images names the folder of the pictures"):
            list(read_labelme(tmp_path / "json"))
    on_the_object(read_labelme(tmp_path / "json", images=tmp_path / "json"))


@pytest.mark.parametrize("label", ["__ignore__", "_background_"])
def test_labelmes_marks_for_no_object_are_no_class(tmp_path, label):
    labelme(tmp_path, shapes=[{}, {"label": label}])
    with pytest.raises(DataError, match=rf"shape 1 \({label}\): expected the label of an object"):
        list(read_labelme(tmp_path))


def test_files_without_any_shape_are_said_to_be_so(tmp_path):
    labelme(tmp_path, shapes=[])
    with pytest.raises(DataError, match=r"with shapes, found 1 files without any"):
        read_labelme(tmp_path)


# --- Pascal VOC -----------------------------------------------------------------------------------


def voc(folder: Path, name: str = "a", objects: int = 1, classes: int = 7, suffix: str = ".jpg"):
    save(folder / "JPEGImages" / f"{name}{suffix}")
    for part, value in ("SegmentationObject", objects), ("SegmentationClass", classes):
        (folder / part).mkdir(exist_ok=True)
        mask = np.where(WHITE[..., 0] > 0, value, 0).astype(np.uint8)
        Image.fromarray(mask).save(folder / part / f"{name}.png")
    return folder


@pytest.mark.parametrize(
    ("objects", "classes", "words"),
    [
        (255, 255, "nothing but 0 and 255, which is void. Masks of 0 and 255"),
        (0, 7, "an object, numbered from 1 to 254, wherever there is a class"),
        (255, 7, r"100 pixels of class \[7\] where the object is \[255\]"),
        (1, 255, "found void"),
        (1, 0, r"one class for all of its pixels, found \[0\]|class 0"),
        (1, 99, "one of 20 classes, found class 99"),
    ],
)
def test_masks_that_contradict_each_other_are_refused(tmp_path, objects, classes, words):
    with pytest.raises(DataError, match=words):
        list(read_voc(voc(tmp_path, objects=objects, classes=classes)))


def small_grey(values: np.ndarray, bits: int) -> bytes:
    """A grey PNG of 2 or 4 bits, as programs that shrink PNGs write it."""
    rows = np.unpackbits(values.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :]
    packed = np.packbits(rows.reshape(len(values), -1), axis=1)
    data = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", *values.shape[::-1], bits, 0, 0, 0, 0)
    chunks = (b"IHDR" + header, b"IDAT" + zlib.compress(data), b"IEND")
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize(("bits", "number"), [(2, 1), (2, 3), (4, 1), (4, 7), (4, 15)])
def test_masks_of_few_bits_keep_their_numbers(tmp_path, bits, number):
    voc(tmp_path)
    mask = small_grey(np.where(WHITE[..., 0] > 0, number, 0), bits)
    for part in ("SegmentationObject", "SegmentationClass"):
        (tmp_path / part / "a.png").write_bytes(mask)
    found = read_voc(tmp_path)
    on_the_object(found)
    assert [example.classes.tolist() for example in found] == [[number]]


def test_a_picture_in_which_there_is_nothing_is_one(tmp_path):
    (example,) = read_voc(voc(tmp_path, objects=0, classes=0))
    assert len(example.masks) == 0


@pytest.mark.parametrize("suffix", [".png", ".jpeg", ".JPG"])
def test_pictures_of_voc_have_any_suffix(tmp_path, suffix):
    on_the_object(read_voc(voc(tmp_path, suffix=suffix)))


def names_of(folder: Path, text: str) -> tuple[list[str], list[str]]:
    (folder / "list.txt").write_text(text, encoding="utf-8")
    found = read_voc(folder, listing=folder / "list.txt")
    return [each.source_id for each in found.pictures], found.notes


def test_names_with_blanks_in_a_list(tmp_path):
    for name in ("img", "img 2", "img 1", "timg (18)"):
        voc(tmp_path, name)
    assert names_of(tmp_path, "img\nimg 2\n\n")[0] == ["img", "img 2"]
    assert names_of(tmp_path, "timg (18)\r\nimg 1\r\n")[0] == ["timg (18)", "img 1"]
    assert names_of(tmp_path, "timg (18)  1\nimg 2 -1\n") == (
        ["timg (18)"],
        ["ignored: 1 names marked -1 in the list, as 'img 2'"],
    )
    with pytest.raises(DataError, match=r"list\.txt, line 2: expected each name once"):
        names_of(tmp_path, "img\nimg\n")


def test_files_of_macos_and_pictures_without_masks(tmp_path):
    voc(tmp_path)
    save(tmp_path / "JPEGImages" / "b.jpg")
    (tmp_path / "SegmentationObject" / "._a.png").write_bytes(b"\0\5\x16\7")
    (tmp_path / "JPEGImages" / "c.BMP").write_bytes(b"BM")
    found = read_voc(tmp_path)
    on_the_object(found)
    assert found.notes == [
        "ignored: 1 pictures that are neither JPEG nor PNG, as c.BMP",
        "ignored: 1 pictures without a mask in SegmentationObject",
    ]


def test_a_mask_of_the_other_side_of_a_turned_picture(tmp_path):
    """A mask has a size, which decides about a turn by 90 degrees, not about one by 180."""
    voc(tmp_path)
    save(tmp_path / "JPEGImages" / "a.jpg", 6)
    on_the_object(read_voc(tmp_path))
    save(tmp_path / "JPEGImages" / "a.jpg", 3)
    with pytest.raises(DataError, match="EXIF orientation 3"):
        list(read_voc(tmp_path))
    on_the_object(read_voc(tmp_path, outlines="shown"))


# --- CVAT and YOLO --------------------------------------------------------------------------------

POINTS = "10.00,5.00;20.00,5.00;20.00,15.00;10.00,15.00"


def cvat(folder: Path, inside: str, beside: str = "", size: str = 'width="60" height="40"'):
    save(folder / "images" / "a.png")
    labels = "<label><name>grey</name></label><label><name>white</name></label>"
    text = f"""<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>
    <meta><task><labels>{labels}</labels></task></meta>{beside}
    <image id="0" name="a.png" {size}>{inside}</image></annotations>"""
    (folder / "annotations.xml").write_text(text, encoding="utf-8")
    return read_cvat(folder / "annotations.xml", folder / "images")


def test_polygons_masks_and_groups_of_cvat(tmp_path):
    found = cvat(tmp_path, f'<polygon label="white" points="{POINTS}"/>')
    on_the_object(found)
    assert found.classes == {1: "grey", 2: "white"}
    mask = '<mask label="white" rle="0, 100" left="10" top="5" width="10" height="10"/>'
    on_the_object(cvat(tmp_path, mask))
    halves = ("10,5;20,5;20,10;10,10", "10,10;20,10;20,15;10,15")
    grouped = "".join(f'<polygon label="white" points="{half}" group_id="4"/>' for half in halves)
    on_the_object(cvat(tmp_path, grouped))


UPPER = '<mask label="white" rle="0, 50" left="10" top="5" width="10" height="5" group_id="4"/>'


@pytest.mark.parametrize(
    "lower",
    [
        UPPER.replace('top="5"', 'top="10"'),
        '<polygon label="white" points="10,10;20,10;20,15;10,15" group_id="4"/>',
    ],
)
def test_masks_of_a_group_of_cvat_are_one_object(tmp_path, lower):
    on_the_object(cvat(tmp_path, UPPER + lower))
    on_the_object(cvat(tmp_path, lower + UPPER))
    (example,) = cvat(tmp_path, UPPER + lower.replace('group_id="4"', 'group_id="0"'))
    assert len(example.masks) == 2


def test_a_mask_of_cvat_given_twice_is_taken_once(tmp_path):
    mask = '<mask label="white" rle="0, 100" left="10" top="5" width="10" height="10"/>'
    found = cvat(tmp_path, mask * 2)
    on_the_object(found)
    assert found.counts["objects_given_twice"] == 1


def test_pictures_of_cvat_go_by_their_names(tmp_path):
    """Files of several tasks begin to count anew in each."""
    second = '<image id="0" name="b.png" width="60" height="40"/>'
    save(tmp_path / "images" / "b.png")
    found = cvat(tmp_path, f'<polygon label="white" points="{POINTS}"/>', second)
    assert sorted(example.source_id for example in found) == ["a.png", "b.png"]


def test_tracks_and_tags_of_cvat_are_noted(tmp_path):
    polygon = f'<polygon label="white" points="{POINTS}"/><tag label="white"/>'
    found = cvat(tmp_path, polygon, '<track id="0" label="white"><box/></track>')
    on_the_object(found)
    assert found.notes == ["ignored: 1 tracks", "ignored: 1 tags"]


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ('<box label="white" xtl="10" ytl="5" xbr="20" ybr="15"/>', "found a box"),
        (f'<polyline label="white" points="{POINTS}"/>', "found a polyline"),
        (f'<polygon label="red" points="{POINTS}"/>', r"polygon 0 \(red\)"),
        ('<polygon label="white" points="10,5;20"/>', "at least 6 numbers"),
        ('<polygon label="white" points="10,5;20,x;1,1"/>', "finite numbers"),
        ('<mask label="white" rle="0, 90" left="10" top="5" width="10" height="10"/>', "90 pixels"),
        ('<mask label="white" rle="0, 100" left="55" top="5" width="10" height="10"/>', "at x 55"),
        ('<mask label="white" rle="0, 100" left="x" top="5" width="10" height="10"/>', "left"),
    ],
)
def test_what_cvat_may_say_besides_is_refused(tmp_path, inside, words):
    with pytest.raises(DataError, match=rf"a\.png: .*{words}"):
        list(cvat(tmp_path, inside))


def test_a_file_that_is_missing_is_named_once(tmp_path):
    with pytest.raises(DataError) as caught:
        read_coco(tmp_path / "none.json", tmp_path)
    found = "expected a JSON file, found No such file or directory."
    assert str(caught.value) == f"{tmp_path / 'none.json'}: {found}"


def test_a_label_that_the_task_lacks_is_named(tmp_path):
    with pytest.raises(DataError, match="found a polygon of 'blue'"):
        list(cvat(tmp_path, '<polygon label="blue" points="1,1;9,1;9,9"/>'))


@pytest.mark.parametrize(
    "text", ["<annotations>", "{}", "<a/>", '<annotations><track id="0"/></annotations>']
)
def test_other_files_are_not_cvats(tmp_path, text):
    (tmp_path / "x.xml").write_text(text)
    with pytest.raises(DataError, match=r"x\.xml: expected .*CVAT's XML"):
        read_cvat(tmp_path / "x.xml", tmp_path)


def yolo(folder: Path, line: str, names: str = "names: [grey, white]\n", **options: Any):
    save(folder / "images" / "a.png", options.pop("orientation", 1))
    (folder / "labels").mkdir(exist_ok=True)
    (folder / "labels" / "a.txt").write_text(line)
    (folder / "data.yaml").write_text(names)
    return read_yolo(folder / "images", folder / "labels", folder / "data.yaml", **options)


SHARES = " ".join(f"{v / (60, 40)[k % 2]:.6f}" for k, v in enumerate(SQUARE))


@pytest.mark.parametrize("names", ["names: [grey, white]\n", "names:\n  0: grey\n  1: white\n"])
def test_polygons_of_yolo(tmp_path, names):
    found = yolo(tmp_path, f"1 {SHARES}\n\n", names)
    on_the_object(found)
    assert found.classes == {1: "grey", 2: "white"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("names: [grey, no]", "no"), ("names: {0: grey, 1: on}", "on"),
        ("names: [grey, 007]", "007"),
        ("names: [x, 1.10]", "1.10"), ("names: [grey, 2024-01-01]", "2024-01-01"),
        ("nc: 2\nnames: ['grey', \"white\"]", "white"), ('names: {"0": grey, "1": white}', "white"),
    ],
)  # fmt: skip
def test_names_of_yolo_stay_as_they_are_written(tmp_path, names, said):
    """YAML takes `no` for False, and 1.10 for 1.1."""
    assert [example.class_names for example in yolo(tmp_path, f"1 {SHARES}", names)] == [(said,)]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("names: [grey, white]\nnames: [white, grey]", "the field 'names' twice"),
        ("names:\n  0: grey\n  1: white\n  1: blue", "the field '1' twice"),
        ("nc: 3\nnames: [grey, white]", "expected 3 names, as nc says, found 2"),
        ("names: grey, white", "a list or numbers from 0"), ("nc: 2", "a list or numbers from 0"),
        ("names: [{a: 1}]", "a list or numbers from 0"), ("names: {-1: a}", "numbers from 0"),
        ("names: [grey", "expected YAML"), ("names: [grey, grey]", "each with its own name"),
        ("[]", "a list or numbers from 0"),
    ],
)  # fmt: skip
def test_names_of_yolo_that_contradict_each_other_are_refused(tmp_path, names, words):
    with pytest.raises(DataError, match=words):
        yolo(tmp_path, f"1 {SHARES}", names)


def test_corners_that_overshoot_the_picture_a_little_are_cut_at_its_edge(tmp_path):
    found = yolo(tmp_path, "1 0.9 0.5 1.0021 0.5 1.0021 0.7 0.9 0.7\n0 -0.01 0 0.1 0 0.1 0.2")
    (example,) = found
    assert example.masks.any((1, 2)).tolist() == [True, True]
    assert (example.boxes >= 0).all()
    assert (example.boxes[:, 2:] <= (40, 60)).all()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 0.25 0.25 0.1 0.1", "Four numbers are a box"),
        ("1 10 5 20 5 20 15 10 15", "x and y from 0 to 1"),
        ("1 0.1 0.1 0.2 0.2 0.3", "at least 3 corners"),
        (f"2 {SHARES}", "a class from 0 to 1, found 2"),
        (f"x {SHARES}", "finite numbers"),
        (f"1_0 {SHARES}", "finite numbers"),
        (f"1 {SHARES} 0.93", "at least 3 corners"),
        (f"1.5 {SHARES}", "a class from 0 to 1, found 1.5"),
    ],
)
def test_lines_that_are_no_polygon_are_refused(tmp_path, line, words):
    with pytest.raises(DataError, match=rf"a\.png: .*{words}"):
        list(yolo(tmp_path, line))


@pytest.mark.parametrize(
    "names", ["names: [grey, '', white]\n", "names:\n  0: grey\n  1:\n  2: white\n"]
)
def test_a_number_without_a_name_moves_no_other_number(tmp_path, names):
    found = yolo(tmp_path, f"2 {SHARES}", names)
    assert found.classes == {1: "grey", 3: "white"}
    assert [example.class_names for example in found] == [("white",)]
    with pytest.raises(DataError, match="found 1"):
        list(yolo(tmp_path, f"1 {SHARES}", names))
    with pytest.raises(DataError, match=r"data\.yaml: expected names of classes, found none"):
        yolo(tmp_path, f"2 {SHARES}", "names: ['']\n")


def test_two_pictures_for_one_text_are_refused(tmp_path):
    save(tmp_path / "images" / "a.jpg")
    with pytest.raises(DataError, match=r"a\.txt: expected one picture for it, found 2\."):
        list(yolo(tmp_path, f"1 {SHARES}"))


def test_pictures_and_texts_without_each_other(tmp_path):
    save(tmp_path / "images" / "b.jpg")
    yolo(tmp_path, f"1 {SHARES}")
    (tmp_path / "labels" / "c.txt").write_text("")
    found = yolo(tmp_path, f"1 {SHARES}")
    assert found.notes == [
        "ignored: 1 texts without a picture, as c.txt",
        "1 pictures without a text: taken as pictures without objects",
    ]
    assert [len(example.masks) for example in found] == [1, 0]


def test_pictures_of_yolo_in_other_formats_are_noted(tmp_path):
    yolo(tmp_path, f"1 {SHARES}")
    (tmp_path / "images" / "b.webp").write_bytes(b"RIFF")
    on_the_object(found := yolo(tmp_path, f"1 {SHARES}"))
    assert found.notes == ["ignored: 1 pictures that are neither JPEG nor PNG, as b.webp"]
    (tmp_path / "images" / "a.png").unlink()
    with pytest.raises(DataError, match=r"found 0 and 1; ignored: 1 pictures .* b\.webp"):
        read_yolo(tmp_path / "images", tmp_path / "labels", tmp_path / "data.yaml")


def test_yolos_shares_cannot_tell_how_a_turned_picture_lay(tmp_path):
    with pytest.raises(DataError, match="EXIF orientation 6"):
        list(yolo(tmp_path, f"1 {SHARES}", orientation=6))
    on_the_object(yolo(tmp_path, f"1 {SHARES}", orientation=6, outlines="shown"))


# --- the command ----------------------------------------------------------------------------------


def test_the_command_says_what_was_read_otherwise(tmp_path, capsys):
    coco(tmp_path, annotation={"bbox": [0, 0, 0, 0]}, categories=[{"id": 0, "name": "things"},
         {"id": 1, "name": "white"}])  # fmt: skip
    files = [str(tmp_path / name) for name in ("instances.json", "images", "out/x.tfrecord")]
    assert command.main(["from-coco", *files]) == 0
    out, lines = capsys.readouterr()
    assert json.loads(out)["counts"]["boxes_from_masks"] == 1
    assert "note: category 0, 'things', has no objects: left out" in lines
    assert "note: boxes of zeros, corners or shares, replaced by those of the masks: 1" in lines


@pytest.mark.parametrize("out", ["out", "file/x.tfrecord", "out/", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path, capsys, monkeypatch, out):
    coco(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "file").write_text("")
    assert command.main(["from-coco", "instances.json", "images", out]) == 1
    assert "expected " in (said := capsys.readouterr().err.splitlines()[-1])
    assert said.startswith(f"error: {Path(out)}: ")
    assert {path.name for path in tmp_path.iterdir()} == {"out", "file", "images", "instances.json"}


def test_pictures_without_any_object_and_nearly_black_ones_are_said(tmp_path, capsys):
    (tmp_path / "images").mkdir()
    Image.fromarray(WHITE[..., 0].astype(np.uint16) * 16).save(tmp_path / "images" / "a.png")
    coco(tmp_path, annotations=[])
    files = [str(tmp_path / name) for name in ("instances.json", "images", "out/x.tfrecord")]
    assert command.main(["from-coco", *files]) == 0
    said = capsys.readouterr().err
    assert "note: there is no object in any picture" in said
    assert "note: nearly black pictures, with 12 bits in files of 16: 1" in said


@pytest.mark.parametrize("second", ["white ", " white", " "])
def test_names_that_differ_in_blanks_alone_are_no_two_classes(tmp_path, capsys, second):
    categories = [{"id": 1, "name": "white"}, {"id": 2, "name": second}]
    coco(tmp_path, categories=categories)
    arguments = ["from-coco", "instances.json", "images", "out/a.tfrecord"]
    assert command.main([arguments[0], *(str(tmp_path / each) for each in arguments[1:])]) == 1
    said = capsys.readouterr().err
    assert "each with its own name" in said and repr(second) in said
    assert not (tmp_path / "out" / "a.tfrecord").exists()


def test_a_file_of_cocos_panoptic_format_is_called_so(tmp_path):
    with pytest.raises(DataError, match="the panoptic format"):
        coco(tmp_path, annotations=[{"image_id": 1, "segments_info": [], "file_name": "a.png"}])


@pytest.mark.parametrize("crowds", [1, 2])
def test_crowds_alone_are_said_to_teach_nothing(tmp_path, capsys, crowds):
    shapes = [{"iscrowd": 1}, {"iscrowd": int(crowds == 2), "segmentation": [[0, 0, 9, 0, 9, 9]]}]
    plain = {"image_id": 1, "category_id": 1, "segmentation": [SQUARE]}
    coco(tmp_path, annotations=[plain | each for each in shapes])
    places = [str(tmp_path / each) for each in ("instances.json", "images", "out/a.tfrecord")]
    assert command.main(["from-coco", *places]) == 0
    assert ("every object is a crowd" in capsys.readouterr().err) is (crowds == 2)


def test_outlines_of_labelme_that_may_be_per_cent_are_noted(tmp_path):
    save(tmp_path / "a.png", shown=np.zeros((400, 600, 3), np.uint8))
    shape = {"label": "white", "points": [[20, 25], [66, 25], [66, 62]]}
    content = {"imagePath": "a.png", "imageHeight": 400, "imageWidth": 600, "shapes": [shape]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert any("per cent" in note for note in read_labelme(tmp_path).notes)


@pytest.mark.parametrize("name", ["labelmap.txt", "class_names.txt"])
def test_other_classes_than_vocs_are_not_called_by_its_names(tmp_path, name):
    voc(tmp_path)
    (tmp_path / name).write_text("background:0,0,0::\nwhite:128,0,0::\n")
    with pytest.raises(DataError, match=rf"{name}: .*--label-map"):
        read_voc(tmp_path)
    (tmp_path / "map.pbtxt").write_text("item { id: 1 name: 'white' }")
    assert read_voc(tmp_path, label_map=tmp_path / "map.pbtxt").classes == {1: "white"}


@pytest.mark.parametrize("line", ["a.JPG", "/JPEGImages/a.jpg /SegmentationClass/a.png"])
def test_lists_of_files_mean_their_names(tmp_path, line):
    voc(tmp_path)
    (tmp_path / "list.txt").write_text(line + "\n")
    on_the_object(read_voc(tmp_path, listing=tmp_path / "list.txt"))


def test_labels_of_yolo_for_keypoints_are_no_polygons(tmp_path):
    with pytest.raises(DataError, match="keypoints"):
        yolo(tmp_path, "0 .25 .25 .2 .3 .2 .2 .3 .3", "names: [white]\nkpt_shape: [2, 2]\n")


@pytest.mark.parametrize("names", ["# two classes\nwhite\n", '["white", "black"]', "{0: white}"])
def test_comments_and_lists_are_no_names_of_yolo(tmp_path, names):
    (tmp_path / "classes.txt").write_text(names)
    with pytest.raises(DataError, match="names, one per line"):
        read_names(tmp_path / "classes.txt")


@pytest.mark.parametrize(
    "names", ["0 white\n1 black\n", "1: white\n2: black\n", "0,white\n", "0. white\n1. black\n"]
)
def test_numbers_before_the_names_of_yolo_are_not_part_of_them(tmp_path, names):
    (tmp_path / "classes.txt").write_text(names)
    with pytest.raises(DataError, match="names without numbers"):
        read_names(tmp_path / "classes.txt")
    (tmp_path / "classes.txt").write_text("3 wheeler\n4 wheeler\n")
    assert read_names(tmp_path / "classes.txt") == {1: "3 wheeler", 2: "4 wheeler"}


@pytest.mark.parametrize(
    "box", [[40, 5, 55, 15], [10, 30, 20, 38], [0, 0, 70, 10], [0.1, 0.1, 0.8, 0.8]]
)
def test_a_box_without_an_outline_in_corners_or_shares_is_refused(tmp_path, box):
    changes = {"annotation": {"segmentation": [], "bbox": box}}
    with pytest.raises(DataError, match="width, height in a picture of 60x40"):
        list(coco(tmp_path, **changes, how={"boxes_alone": True}))
