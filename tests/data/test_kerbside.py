"""The shipped Kerbside data: every record, every truth against another way to compute it.

Needs no Blender. `KERBSIDE_DATA=FOLDER` checks another folder, a preview before its release.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import helpers
from helpers.errors import RecordError
from helpers.records import Example, read

SPLITS = ("train", "val", "test")
MINIMUM = {"train": 800, "val": 150, "test": 250}
VEHICLE, PERSON = 6, 7  # semantic labels
TOO_SMALL = 24  # pixels; smaller instances are marked as crowd


@pytest.fixture(scope="module")
def folder() -> Path:
    found = Path(os.environ.get("KERBSIDE_DATA", helpers.DATA / "kerbside"))
    if not (found / "manifest.json").is_file():
        pytest.skip(f"Kerbside is not there: {found.name}/manifest.json does not exist")
    return found


@pytest.fixture(scope="module")
def manifest(folder) -> dict:
    return json.loads((folder / "manifest.json").read_text())


@pytest.fixture(scope="module")
def splits(folder) -> dict[str, list[Example]]:
    """Every record of every split; reading them all is itself the test that they decode."""
    return {
        split: list(read(sorted((folder / "kerbside").glob(f"*/kerbside-{split}.tfrecord-*"))))
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def examples(splits) -> list[Example]:
    return [example for split in SPLITS for example in splits[split]]


@pytest.fixture(scope="module")
def cameras(folder) -> dict[int, dict]:
    found = [json.loads(path.read_text()) for path in sorted((folder / "cameras").glob("*.json"))]
    return {camera["camera"]: camera for camera in found}


@pytest.fixture(scope="module")
def clips(folder) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((folder / "clips").glob("*.json"))]


def complete(manifest) -> None:
    if not manifest["complete"]:
        pytest.skip("a preview: not all of the plan is rendered")


def vehicles(example: Example) -> list[dict]:
    return [e for e in example.facts["instances"] if e["class"] != "person"]


# Files ---------------------------------------------------------------------------------------


def test_checksums_match_the_manifest(folder, manifest):
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files - {"manifest.json"} == set(manifest["files"])
    for name, listed in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert len(content) == listed["bytes"], name
        assert hashlib.sha256(content).hexdigest() == listed["sha256"], name


def test_everything_is_there_and_not_too_large(folder, manifest, splits, clips):
    complete(manifest)
    for split, least in MINIMUM.items():
        assert len(splits[split]) == manifest["stills"][split] >= least
    assert len(clips) >= 24
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 60e6


def test_a_tampered_shard_is_named(folder, tmp_path):
    shard = next((folder / "kerbside").glob("*/kerbside-*.tfrecord-*"))
    copy = tmp_path / shard.name
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(RecordError, match=rf"{copy}, record \d+ at byte \d+"):
        list(read(copy))
    copy.write_bytes(content[: len(content) // 3])
    with pytest.raises(RecordError, match=rf"{copy}, record \d+ at byte \d+"):
        list(read(copy))


def test_tensorflow_datasets_reads_the_very_same_files(folder, splits):
    tfds = pytest.importorskip("tensorflow_datasets")
    for split, examples in splits.items():
        found = tfds.load("kerbside", split=split, data_dir=folder)
        assert len(found) == len(examples)
    by_name = {example.source_id: example for example in splits["test"]}
    for read_by_tfds in tfds.as_numpy(found.take(5)):
        image = read_by_tfds["image"]
        ours = by_name[image["source_id"].decode()]
        np.testing.assert_array_equal(image["encoded"], ours.image)
        np.testing.assert_array_equal(image["object"]["mask"][..., 0] > 0, ours.masks)
        np.testing.assert_array_equal(image["object"]["class"]["label"], ours.classes)
        np.testing.assert_array_equal(image["segmentation"]["encoded"][..., 0], ours.semantic)


def test_the_label_map_names_the_classes(folder, examples):
    text = (folder / "label_map.pbtxt").read_text()
    for example in examples:
        for number, name in zip(example.classes, example.class_names, strict=True):
            assert f"id: {number}\n  name: '{name}'" in text


# Stills --------------------------------------------------------------------------------------


def test_masks_fill_their_boxes(examples):
    for example in examples:
        for mask, box in zip(example.masks, example.boxes, strict=True):
            rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
            tight = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
            assert np.abs(box - tight).max() < 1e-3


def test_masks_do_not_overlap_and_lie_inside_amodal_ones(examples):
    for example in examples:
        assert example.masks.sum(axis=0).max(initial=0) <= 1
        assert not (example.masks & ~example.amodal).any()


def test_instance_and_semantic_labels_agree(examples):
    for example in examples:
        person = example.classes == 3
        for label, which in ((VEHICLE, ~person), (PERSON, person)):
            union = example.masks[which].any(axis=0)
            np.testing.assert_array_equal(example.semantic == label, union)


def test_crowd_marks_what_is_too_small_to_judge(examples):
    for example in examples:
        areas = example.masks.sum(axis=(1, 2))
        np.testing.assert_array_equal(example.crowd, areas < TOO_SMALL)


def raster(polygon: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie inside a convex polygon, of either orientation."""
    sides = [
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
        for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True)
    ]
    return np.all(np.array(sides) >= 0, axis=0) | np.all(np.array(sides) <= 0, axis=0)


def test_zone_shares_agree_with_counting_points_in_polygons(examples, cameras):
    """The stored shares come from exact clipping; a grid of points over each footprint counts."""
    s, t = np.meshgrid((np.arange(60) + 0.5) / 60, (np.arange(60) + 0.5) / 60)
    checked = 0
    for example in examples[::3]:
        zones = {z["name"]: z for z in cameras[example.facts["camera"]]["zones"]}
        for entry in vehicles(example):
            corners = np.array(entry["footprint"])
            a, b, d = corners[0], corners[1] - corners[0], corners[3] - corners[0]
            x, y = (a[k] + s * b[k] + t * d[k] for k in (0, 1))
            for name, zone in zones.items():
                counted = raster(np.array(zone["polygon_ground"]), x, y).mean()
                assert abs(counted - entry["zone_shares"].get(name, 0.0)) < 0.03
                checked += 1
    assert checked


def test_footprints_through_the_homography_lie_under_the_masks(examples, cameras):
    """Tyres on the road, projected by the camera file, meet the lower part of the silhouette."""
    distances = []
    for example in examples:
        homography = np.array(cameras[example.facts["camera"]]["homography_ground_to_image"])
        position = {number: k for k, number in enumerate(example.facts["objects"])}
        for entry in vehicles(example):
            k = position.get(entry["id"])
            on_road = "sidewalk" not in "".join(entry["zone_shares"])
            if k is None or entry["truncated"] or not on_road:
                continue
            contact = np.column_stack((entry["contact"], np.ones(4))) @ homography.T
            contact = contact[:, :2] / contact[:, 2:]
            np.testing.assert_allclose(contact, entry["contact_image"], atol=0.3)
            rows, _ = np.nonzero(example.amodal[k])
            nearest = max(contact[:, 1])
            distances.append((nearest - (rows.max() + 1)) / (rows.max() + 1 - rows.min()))
    assert len(distances) > 5
    # Zero on level ground seen from afar; from above, a saloon's long bumper hangs below its tyres.
    assert np.quantile(np.abs(distances), 0.9) < 0.06
    assert np.abs(distances).max() < 0.2


def test_no_picture_comes_twice(examples):
    digests = Counter(hashlib.sha256(e.image.tobytes()).hexdigest() for e in examples)
    assert max(digests.values()) == 1


def test_no_near_duplicates_across_splits(splits):
    """16 x 16 grey thumbnails, mean and contrast taken out; look-alikes would correlate."""
    thumbnails, owners = [], []
    for split, listed in splits.items():
        for example in listed:
            grey = example.image.mean(axis=2)
            small = grey.reshape(16, 15, 16, 20).mean(axis=(1, 3)).ravel()
            thumbnails.append((small - small.mean()) / (small.std() + 1e-6))
            owners.append(split)
    vectors = np.array(thumbnails) / 16
    likeness = vectors @ vectors.T
    owners = np.array(owners)
    likeness[owners[:, None] == owners[None, :]] = 0
    assert likeness.max() < 0.985


def test_splits_share_no_street(splits):
    streets = {split: {e.facts["camera"] for e in listed} for split, listed in splits.items()}
    for a, b in combinations(streets.values(), 2):
        assert not a & b


def test_statistics_are_within_bounds(manifest, splits):
    complete(manifest)
    for split, listed in splits.items():
        counts = [len(vehicles(e)) for e in listed]
        assert 4.5 < np.mean(counts) < 8, split
        assert max(counts) <= 10
        names = Counter(name for e in listed for name in e.class_names)
        total = sum(names.values())
        assert 0.35 < names["car"] / total < 0.65, split
        assert 0.06 < names["van"] / total < 0.30, split
        assert 0.15 < names["person"] / total < 0.50, split
        standing = [v for e in listed for v in vehicles(e) if v["standing"]]
        offending = sum(v["stands_in_zone"] is not None for v in standing)
        assert 0.25 < offending / len(standing) < 0.75, split
        moods = Counter(e.facts["light"]["mood"] for e in listed)
        assert set(moods) == {"clear", "low_sun", "overcast", "dusk", "rain"}, split
        share = np.bincount(np.concatenate([e.semantic.ravel() for e in listed]), minlength=9) / (
            len(listed) * 320 * 240
        )
        assert share.min() > 0.002, split
        tags = defaultdict(Counter)
        for e in listed:
            for v in vehicles(e):
                for key, value in v["tags"].items():
                    tags[key][value] += 1
        assert min(tags["occlusion"][t] for t in ("none", "partial", "heavy")) > 20, split
        assert min(tags["size"][t] for t in ("small", "medium", "large")) > 20, split


def test_coco_and_records_tell_the_same(folder, splits):
    for split, listed in splits.items():
        path = folder / "annotations" / f"{split}.json"
        coco = json.loads(path.read_text())
        names = {image["id"]: image["file_name"] for image in coco["images"]}
        assert sorted(names.values()) == sorted(f"{e.source_id}.jpeg" for e in listed)
        areas = Counter((names[a["image_id"]], a["area"]) for a in coco["annotations"])
        expected = Counter((f"{e.source_id}.jpeg", int(m.sum())) for e in listed for m in e.masks)
        assert areas == expected


# Clips ---------------------------------------------------------------------------------------


def test_clips_have_a_frame_for_every_truth(folder, clips):
    cv2 = pytest.importorskip("cv2")
    for clip in clips:
        video = cv2.VideoCapture(str(folder / "clips" / f"{clip['clip']}.mp4"))
        count = 0
        while video.read()[0]:
            count += 1
        assert count == len(clip["frames"]) >= 40, clip["clip"]


def test_clip_masks_fill_their_boxes(clips):
    from pycocotools import mask as coco_mask

    for clip in clips:
        for frame in clip["frames"][::8]:
            for entry in frame["instances"].values():
                if "segmentation" in entry:
                    encoded = dict(entry["segmentation"])
                    encoded["counts"] = encoded["counts"].encode()
                    x, y, width, height = coco_mask.toBbox(encoded)
                    assert [y, x, y + height, x + width] == entry["box"]
                    assert coco_mask.area(encoded) == entry["visible_pixels"]


def test_events_are_what_the_frames_show(clips):
    for clip in clips:
        for event in clip["events"]:
            number = str(event["vehicle"])
            for frame in clip["frames"][event["first_frame"] : event["last_frame"] + 1]:
                entry = frame["instances"][number]
                assert entry["standing"]
                assert entry["zone_shares"][event["zone"]] >= 0.15
            seconds = (event["last_frame"] - event["first_frame"] + 1) / clip["fps"]
            assert event["violation"] == (seconds >= clip["dwell_limit_seconds"])


def test_clips_contain_every_behaviour(manifest, clips):
    complete(manifest)
    by_split = defaultdict(Counter)
    for clip in clips:
        by_split[clip["split"]].update(a["behaviour"] for a in clip["actors"].values())
    for split, counts in by_split.items():
        wanted = ("drive_through", "waiting", "brief_stop", "illegal_parking", "walking")
        assert min(counts[name] for name in wanted) >= 4, split
