"""Pictures of a COCO file; the command line's own tests are in test_model."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import detector, kerbside, weights
from helpers.detector import Detections
from helpers.errors import CourseError, DataError
from helpers.records import Example
from tests.helpers.detections import detections
from tools.recipes import command
from tools.recipes.maskrcnn import cli, photographs, scores, training
from tools.records.coco import read_coco

PICTURE = np.full((20, 30, 3), 90, np.uint8)
NAMES = {"car": 3, "truck": 8, "person": 1, "train": 7, "pickup": 99}


@pytest.fixture
def write_coco(tmp_path):
    """Writes a COCO file of one picture with one outlined car, and more boxes if asked for."""
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "outside.png"), PICTURE)
    cv2.imwrite(str(tmp_path / "images" / "inside.png"), PICTURE)

    def write(name: str, *boxes: tuple, **image):
        content = {
            "images": [{"id": 7, "file_name": name, "height": 20, "width": 30, **image}],
            "categories": [{"id": number, "name": each} for each, number in NAMES.items()],
            "annotations": [
                {"image_id": 7, "category_id": 3, "bbox": [3, 4, 10, 8], "iscrowd": 0}
                | {"segmentation": [[3, 4, 13, 4, 13, 12, 3, 12]]},
                *(
                    {"image_id": 7, "category_id": NAMES[each], "bbox": box, "segmentation": []}
                    for each, box in boxes
                ),
            ],
        }
        file = tmp_path / "instances.json"
        file.write_text(json.dumps(content))
        return photographs.read(read_coco(file, tmp_path / "images", boxes_alone=True))

    return write


def cases(found, categories=("car",), detected_as=(1, 2), by="mask"):
    return list(scores.photograph_cases(found, categories, 1, detected_as, by=by))


def test_what_scoring_reads_otherwise_is_said_and_its_messages_name_its_own_options(
    tmp_path, write_coco, capsys
):
    list(write_coco("inside.png", ("car", [3, 4, 0, 0])))
    assert (
        "note: objects without a pixel inside the picture, left out: 1" in capsys.readouterr().err
    )
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(PICTURE).save(tmp_path / "images" / "inside.png", exif=exif.tobytes())
    for name, option in ("inside.png", "--outlines"), ("elsewhere/inside.png", "--by-name"):
        with pytest.raises(DataError, match=option):
            list(write_coco(name))
    where = ["--coco", str(tmp_path / "instances.json"), "--images", str(tmp_path / "images")]
    options = cli._parser().parse_args(
        ["evaluate", *where, "--by-name", "--outlines", "shown", "--boxes", "masks"]
    )
    (found,) = cli._chosen(options)
    np.testing.assert_array_equal(found.boxes, [[4, 3, 12, 13]])
    assert "note: pictures turned upright, as their EXIF data say: 1" in capsys.readouterr().err


def finds_nothing(image, score):
    return detections()


finds_nothing.class_names = {1: "car", 9: "lorry"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--category", "lorry"], r"Its objects are of the categories \['car', 'truck'\]"),
        (["--category", "car", "--only", "("], r"--only or --skip '\(': .*a regular expression"),
        (["--category", "car", "--skip", "*"], r"--only or --skip '\*': .*a regular expression"),
    ],
)
def test_a_category_or_an_expression_that_is_none_is_refused(tmp_path, write_coco, options, words):
    write_coco("inside.png", ("truck", [20, 4, 5, 5]))
    where = ["--coco", str(tmp_path / "instances.json"), "--images", str(tmp_path / "images")]
    with pytest.raises(DataError, match=words):
        cli._evaluate_photographs(
            cli._parser().parse_args(["evaluate", *where, *options]), finds_nothing
        )


def test_a_category_of_no_object_is_named_beside_one_that_has_some(tmp_path, write_coco, capsys):
    write_coco("inside.png", ("car", [20, 4, 5, 5]))
    where = ["--coco", str(tmp_path / "instances.json"), "--images", str(tmp_path / "images")]
    given = ["evaluate", *where, "--by", "box", "--category", "car", "lorry"]
    cli._evaluate_photographs(cli._parser().parse_args(given), finds_nothing)
    assert "note: no object is called 'lorry'" in capsys.readouterr().err


def test_objects_on_which_a_detection_is_a_false_alarm_are_counted(write_coco, capsys):
    names = "pickup", "person", "pickup", "truck", "train"
    others = [(name, [20, 4 + k, 5, 5]) for k, name in enumerate(names)]
    cases(write_coco("inside.png", *others))
    note = "note: background, a detection there is a false alarm: 1 'person', 2 'pickup'"
    assert note in capsys.readouterr().err.splitlines()
    for complete, boxes in ((1, others[3:]), (0, others)):  # nothing there is a false alarm
        cases(write_coco("inside.png", *boxes, complete=complete))
        assert "false alarm" not in capsys.readouterr().err


def test_a_photograph_with_its_objects(write_coco):
    (case,) = cases(write_coco("inside.png"))
    np.testing.assert_array_equal(case.image, PICTURE)
    np.testing.assert_array_equal(case.boxes, [[4, 3, 12, 13]])
    assert (case.masks[0, 4:12, 3:13]).mean() > 0.9 and case.masks.sum() <= 99
    assert not case.crowd.any()


def test_what_is_not_judged_is_a_crowd(write_coco):
    boxes = [
        ("truck", [20, 4, 5, 5]), ("person", [20, 10, 5, 5]), ("train", [0, 15, 5, 5]),
        ("car", [15, 15, 5, 5]),
    ]  # fmt: skip
    (case,) = cases(write_coco("inside.png", *boxes, complete=0))
    # The car; a truck, which the model calls van; a train, which might be either; a car without an
    # outline; the picture, in which more may stand. The person is of another class.
    assert case.crowd.tolist() == [False, True, True, True, True]
    assert case.masks[-1].all()
    (case,) = cases(write_coco("inside.png", *boxes), ("car", "truck"), by="box")
    assert case.crowd.tolist() == [False, False, True, False]
    assert set(case.classes) == {1}


def test_finds_outside_what_is_judged_cost_nothing(write_coco):
    """A perfect find scores 1 beside one where nobody looked, 0.5 where somebody did."""
    (complete,) = cases(write_coco("inside.png"))
    (open_,) = cases(write_coco("inside.png", complete=0))
    found = detections(2)
    masks = np.zeros((2, 20, 30), bool)
    masks[0, 15:19, 20:28], masks[1] = True, complete.masks[0]
    found = replace(found, masks=masks, classes=np.ones(2, int))
    rows = [
        scores.photograph_row([(found, case)], source="s", category="car", by="mask")
        for case in (complete, open_)
    ]
    assert [row["ap"] for row in rows] == pytest.approx([0.5, 1.0], abs=0.01)
    assert rows[1]["ap50_low"] == rows[1]["ap50_high"] == 1.0
    assert (rows[1]["images"], rows[1]["objects"], rows[1]["unit"]) == (1, 1, "picture")


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "a/../../outside.png"])
def test_a_coco_file_cannot_name_pictures_outside_its_folder(write_coco, name):
    with pytest.raises(DataError, match="expected a path inside it"):
        list(write_coco(name))


def test_a_missing_picture_is_named(write_coco):
    with pytest.raises(DataError, match=r"missing.png: .*no such file"):
        list(write_coco("missing.png"))


def test_only_some_classes_as_one():
    ((found, _),) = scores.only([(detections(), None)], [1, 3], 9)
    assert (list(found.classes), found.class_names) == ([9, 9], ("a", "c"))


def test_a_row_of_the_record_stands_beside_what_the_model_began_with(tmp_path):
    row = {"source": "VOC", "category": "vehicle", "by": "mask"}
    row |= dict.fromkeys(("ap", "ap_low", "ap_high", "ap50", "ap50_low", "ap50_high"), 0.25)
    before = [row, row | {"by": "box", "ap": 0.5}]
    began = {"began_with": {"photographs": before}}  # of a training between the two
    command.write_record(tmp_path / "model", {"began_with": began})
    cli._record_row(tmp_path / "model", row | {"ap": 0.75})
    cli._record_row(tmp_path / "model", row | {"ap": 1.0})  # replaces the first
    cli._record_row(tmp_path / "model", row | {"source": "COCO"})
    first, second = weights.read_record(tmp_path / "model")["photographs"]
    assert (first["ap"], first["renders_alone"]["ap"]) == (1.0, 0.25)
    assert "renders_alone" not in second
    assert weights.read_record(tmp_path / "model")["began_with"] == began


def test_the_record_names_the_terms_of_a_source_and_training_does_not_start_without(
    tmp_path, monkeypatch, capsys
):
    file = tmp_path / "street.tfrecord"
    plan = training.Plan((), steps=1, photographs=((str(file), 0.25),))
    about = photographs.description(file)
    about.write_text(json.dumps({"source": "street", "licence": "CC0"}))
    (found,) = cli._sources(plan)
    assert found == {"file": "street.tfrecord", "share": 0.25, "source": "street", "licence": "CC0"}
    monkeypatch.setattr(training, "train", lambda *a, **k: pytest.fail("it was trained"))
    words = ["train", "--photographs", f"{file}=0.25", "--output", str(tmp_path / "out")]
    for content, message in (("{}", "expected licence"), ("{", "expected JSON")):
        about.write_text(content)
        assert cli.main(words) == 1
        assert message in capsys.readouterr().err
    about.unlink()
    assert cli.main(words) == 1
    assert "expected the description that `photographs` writes" in capsys.readouterr().err


def test_the_record_names_the_terms_of_kerbside_and_of_the_encoder():
    ours = training.Plan(tuple(map(str, kerbside.record_files("train"))), steps=1)
    assert cli._terms(ours) == ["Kerbside: CC BY 4.0"]
    others = training.Plan(("others.tfrecord",), steps=1, encoder_weights="imagenet")
    assert cli._terms(others) == [command.ENCODER]
    stored = weights.read_record(detector.SHIPPED)["terms"]
    assert stored == [command.KERBSIDE, command.ENCODER]


@pytest.mark.parametrize("shares", [["a=0.7", "b=0.4"], ["a=0.1", "a=0.2"]])
def test_shares_are_parts_of_one_whole_and_each_file_has_one(shares):
    assert cli._shares(["a=0.25", "b=0.75"]) == (("a", 0.25), ("b", 0.75))
    with pytest.raises(CourseError, match=r"--photographs: expected each file once, with shares"):
        cli._shares(shares)


@pytest.mark.parametrize("sides", [["0", "3"], ["-4", "3"], ["4", "x"]])
def test_an_aspect_ratio_is_of_whole_numbers(sides, capsys):
    words = ["photographs", "--coco", "a", "--images", "b", "--output", "c"]
    with pytest.raises(SystemExit):
        cli._parser().parse_args([*words, "--aspect", *sides])
    assert "a whole number above 0" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["street.tfrecord", "street.tfrecord=much", "a=1.5", "a=nan"])
def test_a_share_is_a_number(text):
    assert cli._share("a=b.tfrecord=0.25") == ("a=b.tfrecord", 0.25)
    with pytest.raises(CourseError, match="share: expected NAME=SHARE"):
        cli._share(text)


def shaded_case(shade: int) -> Example:
    none = np.zeros(0, int)
    boxes, masks = np.zeros((0, 4)), np.zeros((0, 4, 4), bool)
    image = np.full((4, 4, 3), shade, np.uint8)
    return Example(image, boxes, none, masks, none.astype(bool), "shade")


def shade_detector(image, threshold):
    shade = int(image[0, 0, 0])
    none = np.zeros(0)
    return Detections(np.full((1, 4), shade), none, np.array([1.0]), none, ("x",))


@pytest.mark.parametrize("count", [1, 2, 13])
def test_answers_come_in_the_order_of_the_pictures(count):
    cases = [shaded_case(shade) for shade in range(count)]
    pairs, speed = scores.detect_all(shade_detector, iter(cases))
    assert [case for _, case in pairs] == cases
    assert [int(found.boxes[0, 0]) for found, _ in pairs] == list(range(count))
    assert speed > 0 if count > 1 else np.isnan(speed)


def test_no_pictures_are_an_error_and_that_of_a_detector_comes_through():
    with pytest.raises(DataError, match="at least one"):
        scores.detect_all(shade_detector, [])

    def broken(image, threshold):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        scores.detect_all(broken, [shaded_case(1)] * 5)
