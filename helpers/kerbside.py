"""Kerbside, the course's rendered streets: where its files lie, its splits, pictures and truth.

Introduced in lab 3, used in labs 4 and 5. `data/README.md` says how Kerbside was made. Rests on
`helpers.records`; TensorFlow is imported when records are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers import DATA, fetch, records
from helpers.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

RECORDS = DATA / "kerbside" / "kerbside" / "1.0.0"
"""TFRecords of the stills, several files for each split."""

CAMERAS = DATA / "kerbside" / "cameras"
"""One JSON file for each camera, with its calibration and its zones."""

CLIPS = DATA / "kerbside" / "clips"
"""Videos, each with its truth in a JSON file of the same name."""

SPLITS = ("train", "val", "test")
"""Cameras 1000 and up, 2000 and up, 3000 and up: no camera is in two splits."""

SIZE = (240, 320)
"""Height and width of the pictures."""

OBJECTS = ("car", "van", "person")
"""Classes of the objects, from 1 as in the label map. A truck and a minibus count as vans."""

SURFACES = (
    "sky", "road", "sidewalk", "crossing", "building", "vegetation", "vehicle", "person", "pole",
)  # fmt: skip
"""Names of the semantic labels 0 to 8. A bus lane and a hydrant bay are road: paint and rules make
them."""


def record_files(
    split: str, folder: str | os.PathLike = RECORDS, parts: int | None = None
) -> list[Path]:
    """The TFRecord files of a split, in order.

    Args:
        split: One of `SPLITS`.
        folder: Where they lie.
        parts: Number of files to take, from the first; by default all. A camera's stills take turns
            between a split's files, so every file has all cameras.

    Raises:
        DataError: the split is unknown, or its files are missing.

    >>> [file.name for file in record_files("val")]
    ['kerbside-val.tfrecord-00000-of-00002', 'kerbside-val.tfrecord-00001-of-00002']
    """
    numbers = ["*"] if parts is None else [f"{k:05}-*" for k in range(parts)]
    return [f for each in numbers for f in _files(split, folder, f"kerbside-{{}}.tfrecord-{each}")]


def clip_files(split: str, folder: str | os.PathLike = CLIPS) -> list[Path]:
    """The truth files of a split's clips; beside each lies its video, `.mp4`.

    Raises:
        DataError: the split is unknown, or its files are missing.
    """
    return [file for file in _files(split, folder, "{}-*") if file.suffix == ".json"]


def camera_file(number: int | str) -> Path:
    """The file of a camera, which `parking.zones.read_camera` reads."""
    return fetch(CAMERAS) / f"{number}.json"


def camera_of(source_id: str) -> int:
    """Number of the camera that took a still.

    >>> camera_of("test-3000-04")
    3000
    """
    return int(source_id.split("-")[1])


def _files(split: str, folder: str | os.PathLike, pattern: str) -> list[Path]:
    if split not in SPLITS:
        expected = " or ".join(map(repr, SPLITS))
        raise DataError("split", expected=expected, found=repr(split))
    folder, pattern = Path(folder), pattern.format(split)
    files = sorted(fetch(folder, pattern).glob(pattern))
    if not files:
        name, do = f"{folder}/{pattern}", "Clone the repository again."
        raise DataError(name, expected="Kerbside's files", found="none", do=do)
    return files


@dataclass(frozen=True)
class Case:
    """One picture with its objects, as the scores need them."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    boxes: np.ndarray  # (G, 4) ymin, xmin, ymax, xmax in pixels
    classes: np.ndarray  # (G,) from 1
    masks: np.ndarray  # (G, H, W) bool
    crowd: np.ndarray  # (G,) bool
    tags: tuple[str, ...] = ()  # (G,) such as "occlusion_heavy", or none
    kinds: tuple[str, ...] = ()  # (G,) finer than classes, such as "truck" for a van, or none
    source_id: str = ""


def cases(files: Sequence[str | os.PathLike], every: int = 1) -> Iterator[Case]:
    """Reads the pictures of record files, with occlusion and kind of each object where known.

    Args:
        files: TFRecord files, from `record_files` or your own.
        every: Step from one picture to the next; 1 reads all of them.

    Raises:
        RecordError: a damaged record; the message names file and record.

    >>> case = next(cases(record_files("val")))
    >>> case.image.shape, case.source_id
    ((240, 320, 3), 'val-2000-00')
    """
    for example in records.read(files, every=every):
        facts = {each["id"]: each for each in example.facts.get("instances", ())}
        objects = [facts[number] for number in example.facts.get("objects", ())]
        yield Case(
            image=example.image,
            boxes=example.boxes,
            classes=example.classes,
            masks=example.masks,
            crowd=example.crowd,
            tags=tuple(f"occlusion_{each['tags']['occlusion']}" for each in objects),
            kinds=tuple(each.get("kind", each["class"]) for each in objects),
            source_id=example.source_id,
        )


def surfaces(
    split: str, folder: str | os.PathLike = RECORDS, parts: int | None = None
) -> tf.data.Dataset:
    """A split's pictures with their semantic labels, always in one order; see `record_files`.

    Returns:
        Elements `{"image": (H, W, 3) uint8 RGB, "labels": (H, W) uint8 of 0 to 8, "file_name":
        string}`; a file name is split, camera and scene, such as `test-3000-04`.

    Raises:
        DataError: the split is unknown, or its files are missing.
    """
    import tensorflow as tf

    keys = {
        name: tf.io.FixedLenFeature([], tf.string)
        for name in ("image/encoded", "image/segmentation/encoded", "image/source_id")
    }

    def decode(payload: tf.Tensor) -> dict[str, tf.Tensor]:
        example = tf.io.parse_single_example(payload, keys)
        labels = tf.io.decode_png(example["image/segmentation/encoded"], channels=1)
        # The slow and exact transform, so that every reader of a record sees the same pixels.
        exact = {"channels": 3, "dct_method": "INTEGER_ACCURATE"}
        return {
            "image": tf.ensure_shape(
                tf.io.decode_jpeg(example["image/encoded"], **exact), (None, None, 3)
            ),
            "labels": tf.ensure_shape(labels, (None, None, 1))[..., 0],
            "file_name": example["image/source_id"],
        }

    raw = tf.data.TFRecordDataset([str(file) for file in record_files(split, folder, parts)])
    stills = raw.map(decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return stills.apply(tf.data.experimental.assert_cardinality(sum(1 for _ in raw)))
