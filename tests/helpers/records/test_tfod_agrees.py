"""`helpers.records.read` and TFOD2's own decoder agree to the last bit, on the course's records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.records import Example, payloads, read, serialise, write_payloads
from tests.helpers.records.made import make_example
from tests.helpers.records.tfod_decoder import digests
from tests.tfod2 import Tfod2

DECODE = """
import json
from tests.helpers.records.tfod_decoder import tfod2_digests
print(json.dumps(tfod2_digests({!r}, {!r})))
"""
EVERY = 13  # of Kerbside's 1,240 records in the normal run: 96


def kerbside_shards(root: Path) -> list[Path]:
    shards = sorted(root.glob("data/kerbside/kerbside/*/kerbside-*.tfrecord-*"))
    if not shards:
        pytest.skip("Kerbside not found: data/kerbside has no shards")
    return shards


def assert_agreement(tfod2: Tfod2, *files: str) -> int:
    """Compares every record of the files (`png:PATH` or `dense:PATH`); gives their number."""
    count = 0
    for file in files:
        theirs = json.loads(tfod2.run(DECODE.format(*file.split(":", 1))))
        ours = [digests(example) for example in read(file.split(":", 1)[1], extras=False)]
        assert len(ours) == len(theirs)
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert mine == other, f"{file}, record {number}"
        count += len(ours)
    return count


def coco_payloads(folder: Path) -> Iterator[bytes]:
    """The COCO subset as records: its own JPEG files, masks and boxes through pycocotools."""
    from pycocotools.coco import COCO

    coco = COCO(folder / "instances.json")
    for picture in coco.loadImgs(coco.getImgIds()):
        height, width = picture["height"], picture["width"]
        things = coco.loadAnns(coco.getAnnIds(imgIds=picture["id"]))
        left, top, wide, high = np.reshape([t["bbox"] for t in things], (-1, 4)).T
        example = Example(
            image=np.zeros((height, width, 3), np.uint8),  # only its size counts
            boxes=np.stack([top, left, top + high, left + wide], axis=1),
            classes=np.array([t["category_id"] for t in things], np.int64),
            masks=np.reshape([coco.annToMask(t) for t in things], (-1, height, width)).astype(bool),
            crowd=np.array([t["iscrowd"] for t in things], bool),
            source_id=str(picture["id"]),
        )
        file = folder / "images" / picture["file_name"]
        with Image.open(file) as opened:
            assert opened.size == (width, height)
        yield serialise(example, "jpeg", encoded=file.read_bytes())


def test_generated_records_of_both_kinds_agree(tmp_path, rng, tfod2):
    sizes = [(1, 1), (24, 37), (33, 8)]
    examples = [
        make_example(rng, count, size, source_id=f"Bild {count}")
        for count in (0, 1, 5)
        for size in sizes
    ]
    for name, dense in (("png", False), ("dense", True)):
        write_payloads(tmp_path / name, [serialise(each, dense=dense) for each in examples])
    files = [f"{name}:{tmp_path / name}" for name in ("png", "dense")]
    assert assert_agreement(tfod2, *files) == 2 * len(examples)


def test_a_sample_of_kerbside_agrees(tmp_path, root, tfod2):
    shards, sample = kerbside_shards(root), tmp_path / "sample"
    raws = (raw for shard in shards for _, raw in islice(payloads(shard), 0, None, EVERY))
    count = write_payloads(sample, raws)
    assert count >= 90
    assert assert_agreement(tfod2, f"png:{sample}") == count


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_record_of_kerbside_agrees(tmp_path, root, tfod2):
    assert assert_agreement(tfod2, *(f"png:{s}" for s in kerbside_shards(root))) == 1240


def test_every_record_of_the_coco_subset_agrees(tmp_path, shared_data, tfod2):
    folder = shared_data / "coco"
    path = tmp_path / "coco.tfrecord"
    count = write_payloads(path, coco_payloads(folder))
    assert count == len(list((folder / "images").iterdir()))
    assert assert_agreement(tfod2, f"png:{path}") == count
