"""Shards: the same bytes from one worker and two, whole or not at all, a true manifest."""

from __future__ import annotations

import hashlib
import json

import pytest
from dask.distributed import Client, LocalCluster

from helpers import records
from helpers.errors import DataError, SetupError
from helpers.records import label_map_text, payloads, read
from tests.tools.records.annotated import annotation, coco_set, from_coco, rectangle
from tools.records import convert
from tools.records.label_maps import read_label_map


@pytest.fixture
def source(tmp_path):
    """Seven pictures, of which number 3 is cut off."""
    items = [annotation(k, k, [rectangle(k, k, 9 + k, 9)], [k, k, 9, 9 - k]) for k in range(1, 8)]
    file, images = coco_set(tmp_path / "coco", items, pictures=7)
    damaged = images / "3.jpg"
    damaged.write_bytes(damaged.read_bytes()[:700])
    return file, images


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, which take seconds to start."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as started:
        yield started


@pytest.fixture
def _one_cluster(cluster, monkeypatch):
    """Converting with two workers takes those that are there."""

    def client(scheduler, *, workers):
        assert not scheduler
        assert workers == 2
        return Client(cluster)

    monkeypatch.setattr(convert, "dask_client", client)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("_one_cluster")
def test_one_and_two_workers_write_the_same_bytes(source, tmp_path):
    options = dict(shards=3, skip_bad=True)
    one = from_coco(*source, tmp_path / "one" / "x.tfrecord", workers=1, **options)
    two = from_coco(*source, tmp_path / "two" / "x.tfrecord", workers=2, **options)
    assert one == two
    found = contents(tmp_path / "one")
    assert found == contents(tmp_path / "two")
    names = [f"x.tfrecord-{k:05}-of-00003" for k in range(3)]
    assert sorted(found) == ["label_map.pbtxt", "x.manifest.json", *names]


def test_shards_hold_the_pictures_in_order(source, tmp_path):
    manifest = from_coco(*source, tmp_path / "x.tfrecord", shards=3, skip_bad=True)
    shards = [tmp_path / each["name"] for each in manifest["shards"]]
    assert [each["records"] for each in manifest["shards"]] == [2, 1, 3]
    assert [example.source_id for example in read(shards)] == list("124567")


def test_the_manifest_is_true(source, tmp_path):
    manifest = from_coco(*source, tmp_path / "x.tfrecord", shards=2, skip_bad=True)
    stored = json.loads((tmp_path / "x.manifest.json").read_text(encoding="utf-8"))
    assert stored == manifest
    for each in manifest["shards"]:
        data = (tmp_path / each["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == each["sha256"]
        assert len(data) == each["bytes"]
        assert len(list(payloads(tmp_path / each["name"]))) == each["records"]
    assert manifest["left_out"] == ["3"]
    assert manifest["counts"]["pictures_left_out"] == 1
    assert manifest["source"]["sha256"] == hashlib.sha256(source[0].read_bytes()).hexdigest()
    assert str(tmp_path) not in json.dumps(manifest)
    assert read_label_map(tmp_path / "label_map.pbtxt") == {3: "car", 7: "person"}


@pytest.mark.usefixtures("_one_cluster")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_picture_leaves_what_was_there(source, tmp_path, workers):
    out = tmp_path / "out"
    from_coco(*source, out / "x.tfrecord", skip_bad=True)
    before = contents(out)
    with pytest.raises(DataError, match=r"^3\.jpg: .*ends early: truncated"):
        from_coco(*source, out / "x.tfrecord", workers=workers)
    assert contents(out) == before


def test_shards_of_another_division_are_not_mixed_up(source, tmp_path):
    from_coco(*source, tmp_path / "x.tfrecord", shards=2, skip_bad=True)
    with pytest.raises(DataError, match=r"x\.tfrecord-00000-of-00002 and 1 more"):
        from_coco(*source, tmp_path / "x.tfrecord", shards=3, skip_bad=True)
    from_coco(*source, tmp_path / "x.tfrecord", shards=2, skip_bad=True)
    from_coco(*source, tmp_path / "y.tfrecord", shards=3, skip_bad=True)


def test_another_label_map_is_not_replaced(source, tmp_path):
    (tmp_path / "label_map.pbtxt").write_text(label_map_text({1: "cat"}), encoding="utf-8")
    with pytest.raises(DataError, match=r"label_map\.pbtxt: expected the same classes"):
        from_coco(*source, tmp_path / "x.tfrecord", skip_bad=True)
    assert not (tmp_path / "x.tfrecord").exists()


@pytest.mark.parametrize("options", [{"shards": 0}, {"shards": 8}, {"workers": 0}])
def test_impossible_numbers_are_errors(source, tmp_path, options):
    with pytest.raises(DataError, match="1 to 7 shards for 7 pictures"):
        from_coco(*source, tmp_path / "x.tfrecord", **options)


def test_nothing_left_is_an_error(tmp_path):
    file, images = coco_set(tmp_path / "coco", [], pictures=2)
    for path in images.iterdir():
        path.unlink()
    with pytest.raises(DataError, match="none left"):
        from_coco(file, images, tmp_path / "x.tfrecord", skip_bad=True)
    assert [path.name for path in tmp_path.iterdir()] == ["coco"]


def test_more_masks_than_a_reader_takes_are_refused(source, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MAX_MASK_PIXELS", 40 * 60 - 1)
    with pytest.raises(
        DataError, match=r"1\.jpg: objects: expected at most 2399 pixels in all masks"
    ):
        from_coco(*source, tmp_path / "x.tfrecord")


def test_no_picture_and_no_scheduler_are_errors_of_one_line(source, tmp_path):
    (tmp_path / "empty").mkdir()
    file, images = coco_set(tmp_path / "empty", [], pictures=0)
    with pytest.raises(DataError, match="expected at least one picture to convert, found none"):
        from_coco(file, images, tmp_path / "x.tfrecord")
    with pytest.raises(SetupError, match="nonsense: expected a Dask scheduler, found ValueError"):
        from_coco(*source, tmp_path / "x.tfrecord", scheduler="nonsense", skip_bad=True)
    assert not list(tmp_path.glob("x.*"))
