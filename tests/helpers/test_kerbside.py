"""Kerbside's files, and its pictures as the scores need them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from helpers import kerbside, records
from helpers.errors import DataError


def test_kerbside_tells_trucks_from_vans_and_what_is_hidden():
    files = kerbside.record_files("val")
    cases = list(itertools.islice(records.read(files), 25))
    for case in cases:
        for each, number in zip(kerbside.objects(case), case.classes, strict=True):
            kind = each.get("kind", each["class"])
            assert (kind in ("van", "minibus", "truck")) == (number == 2)
            assert (kind == "person") == (number == 3)
            assert each["tags"]["occlusion"] in ("none", "partial", "heavy")
    assert "truck" in {each.get("kind") for case in cases for each in kerbside.objects(case)}


def test_every_split_has_cameras_of_its_own():
    first = {split: records.read(kerbside.record_files(split)) for split in kerbside.SPLITS}
    cameras = {s: kerbside.camera_of(next(c).source_id) for s, c in first.items()}
    assert cameras == {"train": 1000, "val": 2000, "test": 3000}
    assert all(kerbside.camera_file(number).is_file() for number in cameras.values())


@pytest.mark.parametrize("files", [kerbside.record_files, kerbside.clip_files, kerbside.surfaces])
def test_a_split_that_is_unknown_or_not_there_is_an_error(files, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="split: expected 'train' or 'val' or 'test', found 'dev'"):
        files("dev")
    monkeypatch.setattr(kerbside, "RECORDS", tmp_path)
    monkeypatch.setattr(kerbside, "CLIPS", tmp_path)
    with pytest.raises(DataError, match=r"expected Kerbside's files, found none. Clone"):
        files("val")


@pytest.mark.parametrize("split", ["val", "test"])
def test_every_file_of_a_split_has_all_its_cameras(split):
    files = kerbside.record_files(split)
    assert kerbside.record_files(split, parts=1) == files[:1]
    cameras = [{kerbside.camera_of(c.source_id) for c in records.read([f])} for f in files]
    assert len(files) == 2 and cameras[0] == cameras[1]
    assert len(kerbside.surfaces(split, parts=1)) == sum(1 for _ in records.read(files[:1]))


@pytest.fixture(scope="module")
def stills():
    return kerbside.surfaces("val").take(3)


def test_stills_come_with_their_labels_in_a_fixed_order(stills):
    found = list(stills.as_numpy_iterator())
    assert [each["file_name"] for each in found] == [b"val-2000-00", b"val-2000-02", b"val-2000-04"]
    for each in found:
        assert (each["image"].shape, each["image"].dtype) == ((240, 320, 3), np.uint8)
        assert (each["labels"].shape, each["labels"].dtype) == ((240, 320), np.uint8)
        assert each["labels"].max() < len(kerbside.SURFACES)
        assert (each["labels"] == kerbside.SURFACES.index("road")).mean() > 0.05


def test_labels_are_those_that_the_records_reader_gives(stills):
    first = next(records.read(kerbside.record_files("val")))
    [each] = stills.take(1).as_numpy_iterator()
    assert np.array_equal(each["labels"], first.semantic)
    difference = np.abs(each["image"].astype(int) - first.image)  # two decoders of JPEG
    assert difference.max() <= 8
    assert difference.mean() < 1.5


@pytest.mark.parametrize(("split", "count"), [("train", 820), ("val", 160), ("test", 260)])
def test_splits_are_whole(split, count):
    assert len(kerbside.surfaces(split)) == count
