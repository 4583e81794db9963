"""Finished frames and packing: resume, damage, and one set of shards for TFOD2 and TFDS.

The frames are drawn by hand here, so neither Blender nor the shipped dataset is needed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from helpers.records import parse, read
from tools.render.street import HEIGHT, WIDTH, convert
from tools.render.street.frames import Frame, is_finished, load_frame, save_frame
from tools.render.street.plan import SPLITS, clip_jobs, still_jobs
from tools.render.street.street_plan import make_layout
from tools.render.street.zone_files import camera_file

VEHICLE, PERSON, SLIVER, HIDDEN = 16, 17, 18, 19


def fake_frame(seed: int, **facts) -> Frame:
    """Sky over road, one car, one person, one car of which 10 pixels show, one out of sight."""
    rng = np.random.default_rng(seed)
    ids = np.full((HEIGHT, WIDTH), 2, np.uint8)
    ids[:80] = 0
    top, left = int(rng.integers(90, 120)), int(rng.integers(20, 120))
    ids[top : top + 60, left : left + 90] = VEHICLE
    ids[100:150, 250:265] = PERSON
    ids[200, 10:20] = SLIVER
    instances, amodal = [], []
    for number, name in ((VEHICLE, "car"), (PERSON, "person"), (SLIVER, "van"), (HIDDEN, "car")):
        visible = ids == number
        rows, columns = np.nonzero(visible)
        box = None
        if len(rows):
            corners = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
            box = [int(c) for c in corners]
        entry = {
            "id": number,
            "class": name,
            "visible_pixels": int(visible.sum()),
            "box": box,
            "tags": {"size": "small", "occlusion": "none"},
        }
        if name != "person":
            square = [[30, 150], [60, 150], [60, 180], [30, 180]]
            entry |= {
                "mode": "parked",
                "stands_in_zone": None,
                "footprint_image": square,
                "contact_image": square,
            }
        instances.append(entry)
        mask = visible.copy()
        mask[180:190, 30:60] |= number == HIDDEN
        amodal.append(mask)
    image = rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    image = image.repeat(8, axis=0).repeat(8, axis=1)
    content = {"camera": 1, "scene": seed, "light": {"mood": "dusk"}, "instances": instances}
    return Frame(image, ids, np.array(amodal), {**content, **facts})


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """A few finished stills of each split, and one whole clip."""
    folder = tmp_path_factory.mktemp("frames")
    (folder / "cameras").mkdir()
    for number, split in enumerate(SPLITS):
        for job in still_jobs(split)[:4]:
            save_frame(job.path(folder), fake_frame(100 * number + job.scene))
        seed = still_jobs(split)[0].camera
        content = json.dumps(camera_file(make_layout(seed)))
        (folder / "cameras" / f"{seed}.json").write_text(content)
    job = clip_jobs("test")[0]
    event = {
        "vehicle": VEHICLE,
        "behaviour": "illegal_parking",
        "zone": "crossing",
        "first_frame": 2,
        "last_frame": 40,
    }
    timeline = {
        "behaviours": {str(VEHICLE): "illegal_parking"},
        "events": [event],
        "dwell_limit_seconds": 8.0,
    }
    for k in range(job.frames):
        frame = fake_frame(7, frame=k, fps=2, timeline=timeline)
        save_frame(job.path(folder, k), frame)
    return folder


@pytest.fixture(scope="module")
def packed(frames, tmp_path_factory):
    from tools.render.street.pack import pack

    out = tmp_path_factory.mktemp("packed") / "kerbside"
    pack(frames, out, partial=True)
    return out


def shards(packed, split):
    return sorted((packed / "kerbside").glob(f"*/kerbside-{split}.tfrecord-*"))


def test_a_frame_comes_back(tmp_path):
    frame = fake_frame(3)
    save_frame(tmp_path / "a.npz", frame)
    back = load_frame(tmp_path / "a.npz")
    np.testing.assert_array_equal(back.image, frame.image)
    np.testing.assert_array_equal(back.ids, frame.ids)
    np.testing.assert_array_equal(back.amodal, frame.amodal)
    assert {k: back.facts[k] for k in frame.facts} == frame.facts
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_a_half_written_frame_never_counts(tmp_path):
    path = tmp_path / "a.npz"
    save_frame(path, fake_frame(3))
    assert is_finished(path)
    whole = path.read_bytes()
    for share in (0, 0.3, 0.7, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert not is_finished(path)
        with pytest.raises(ValueError, match="not a finished Kerbside frame"):
            load_frame(path)


def test_a_frame_of_another_generator_version_is_rendered_again(tmp_path, monkeypatch):
    from tools.render.street import frames as module

    save_frame(tmp_path / "a.npz", fake_frame(3))
    monkeypatch.setattr(module, "GENERATOR_VERSION", "9.9.9")
    assert not is_finished(tmp_path / "a.npz")


def test_semantic_and_instance_labels_agree():
    example = convert.to_example(fake_frame(1), "name", "train")
    vehicles = example.masks[example.classes < 3].any(axis=0)
    np.testing.assert_array_equal(example.semantic == 6, vehicles)
    np.testing.assert_array_equal(example.semantic == 7, example.masks[1])
    assert set(np.unique(example.semantic)) == {0, 1, 6, 7}


def test_slivers_are_crowd_and_the_invisible_is_left_out():
    example = convert.to_example(fake_frame(1), "name", "train")
    assert example.class_names == ("car", "person", "van")
    assert example.crowd.tolist() == [False, False, True]
    assert len(example.facts["instances"]) == 4


def test_records_read_back(packed):
    for split in SPLITS:
        examples = list(read(shards(packed, split)))
        assert len(examples) == 4
        for example in examples:
            wanted = fake_frame(example.facts["scene"])
            np.testing.assert_array_equal(example.masks[0], wanted.ids == VEHICLE)
            assert np.abs(example.image.astype(int) - wanted.image).mean() < 12
            assert example.facts["split"] == split


def test_tensorflow_datasets_reads_the_same_files(packed):
    tfds = pytest.importorskip("tensorflow_datasets")
    loaded = tfds.load("kerbside", split="val", data_dir=packed)
    ours = {example.source_id: example for example in read(shards(packed, "val"))}
    assert len(loaded) == len(ours) == 4
    for item in loaded.as_numpy_iterator():
        record = item["image"]
        example = ours[record["source_id"].decode()]
        np.testing.assert_array_equal(record["encoded"], example.image)
        np.testing.assert_array_equal(record["object"]["mask"][..., 0] > 0, example.masks)
        np.testing.assert_array_equal(record["segmentation"]["encoded"][..., 0], example.semantic)
        np.testing.assert_allclose(record["object"]["bbox"]["ymax"], example.boxes_normalised[:, 2])


def test_coco_reads_the_annotations(packed):
    coco = pytest.importorskip("pycocotools.coco").COCO(packed / "annotations" / "train.json")
    assert len(coco.imgs) == 4
    examples = {e.source_id: e for e in read(shards(packed, "train"))}
    for image in coco.imgs.values():
        example = examples[image["file_name"].removesuffix(".jpeg")]
        found = coco.loadAnns(coco.getAnnIds(image["id"]))
        masks = np.array([coco.annToMask(a) for a in found], bool)
        np.testing.assert_array_equal(masks, example.masks)
        for annotation, (ymin, xmin, ymax, xmax) in zip(found, example.boxes, strict=True):
            np.testing.assert_allclose(
                annotation["bbox"], (xmin, ymin, xmax - xmin, ymax - ymin), atol=1e-4
            )


def test_clip_and_truth_agree(packed):
    cv2 = pytest.importorskip("cv2")
    job = clip_jobs("test")[0]
    truth = json.loads((packed / "clips" / f"{job.name}.json").read_text())
    assert len(truth["frames"]) == job.frames
    assert truth["actors"][str(VEHICLE)]["behaviour"] == "illegal_parking"
    assert truth["events"][0]["visible_share"] == 1.0
    assert "segmentation" not in truth["frames"][0]["instances"][str(HIDDEN)]
    video = cv2.VideoCapture(str(packed / "clips" / f"{job.name}.mp4"))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(2)
    seen = 0
    while True:
        fine, image = video.read()
        if not fine:
            break
        seen += 1
        assert np.abs(image[..., ::-1].astype(int) - fake_frame(7).image).mean() < 25
    assert seen == job.frames


def test_the_manifest_lists_every_file(packed):
    manifest = json.loads((packed / "manifest.json").read_text())
    files = {p.relative_to(packed).as_posix() for p in packed.rglob("*") if p.is_file()}
    assert files - {"manifest.json"} == set(manifest["files"])
    for name, listed in manifest["files"].items():
        content = (packed / name).read_bytes()
        assert listed["bytes"] == len(content)
        assert listed["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["complete"] is False


def test_packing_twice_gives_the_same_bytes(frames, packed, tmp_path):
    from tools.render.street.pack import pack

    pack(frames, tmp_path / "again", partial=True)
    first, second = (
        json.loads((p / "manifest.json").read_text()) for p in (packed, tmp_path / "again")
    )
    assert first == second


def test_an_unfinished_set_is_not_packed(frames, tmp_path, capsys):
    from tools.render.street.cli import main

    assert main(["--pack", "--frames", str(frames), "--out", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert "are not rendered yet" in message
    assert "--partial" in message
    assert not (tmp_path / "out").exists()


def test_a_record_that_lost_something_is_noticed(frames):
    from dataclasses import replace

    from helpers.records import serialise
    from tools.render.street.pack import check, encode

    frame = fake_frame(1)
    example = convert.to_example(frame, "name", "train")
    payload = serialise(example, "jpeg", encoded=encode(example.image))
    check(example, payload, "name")
    assert parse(payload).source_id == "name"
    wrong = replace(example, masks=~example.masks)
    with pytest.raises(ValueError, match="does not read back"):
        check(wrong, payload, "name")


@pytest.mark.skipif(importlib.util.find_spec("bpy") is not None, reason="Blender is installed here")
def test_without_blender_the_message_says_what_to_do(root, tmp_path):
    command = [sys.executable, "-m", "tools.render.street", "--seed", "1", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "requirements/render.txt" in done.stderr
    assert "Traceback" not in done.stderr
