"""Kerbside, the course's rendered streets: where its files lie, its splits, pictures and truth.

Introduced in lab 3, used in labs 4 and 5. `data/README.md` describes how it was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from helpers import DATA, fetch, records
from helpers.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

# TFRecords of the stills, several files for each split.
RECORDS = DATA / "kerbside" / "kerbside" / "1.0.0"
# One JSON file for each camera, with its calibration and its zones.
CAMERAS = DATA / "kerbside" / "cameras"
CLIPS = DATA / "kerbside" / "clips"  # videos, each with its truth in a JSON file of the same name
LARGE = DATA / "kerbside" / "large"  # the first of them in 640 x 480, as a camera records it
# Cameras 1000 and up, 2000 and up, 3000 and up: no camera is in two splits.
SPLITS = ("train", "val", "test")
SIZE = (240, 320)  # height and width of the pictures
# Classes of the objects, from 1 as in the label map. A truck and a minibus count as vans.
OBJECTS = ("car", "van", "person")
# Semantic labels 0 to 8. A bus lane and a hydrant bay are road with paint and rules of their own.
SURFACES = (
    "sky", "road", "sidewalk", "crossing", "building", "vegetation", "vehicle", "person", "pole",
)  # fmt: skip


def record_files(split: str, parts: int | None = None) -> list[Path]:
    """TFRecord files of a split, in order: all, or the first `parts` of them.

    The stills of a camera alternate between the files of a split: every file has all cameras.

    >>> [file.name for file in record_files("val")]
    ['kerbside-val.tfrecord-00000-of-00002', 'kerbside-val.tfrecord-00001-of-00002']
    """
    numbers = ["*"] if parts is None else [f"{k:05}-*" for k in range(parts)]
    patterns = [f"kerbside-{split}.tfrecord-{number}" for number in numbers]
    return [file for pattern in patterns for file in _files(split, RECORDS, pattern)]


def clip_files(split: str) -> list[Path]:
    """The truth files of a split's clips; beside each lies its video, `.mp4`."""
    return [file for file in _files(split, CLIPS, f"{split}-*") if file.suffix == ".json"]


def camera_file(number: int | str) -> Path:
    """The file of a camera, which `parking.zones.read_camera` reads."""
    return fetch(CAMERAS) / f"{number}.json"


def camera_of(source_id: str) -> int:
    """Number of the camera that took a still.

    >>> camera_of("test-3000-04")
    3000
    """
    return int(source_id.split("-")[1])


def _files(split: str, folder: Path, pattern: str) -> list[Path]:
    """Files of a split that match a pattern; a `DataError` if it is unknown or has none."""
    if split not in SPLITS:
        expected = " or ".join(map(repr, SPLITS))
        raise DataError("split", expected=expected, found=repr(split))
    files = sorted(fetch(folder, pattern).glob(pattern))
    if not files:
        name, do = f"{folder}/{pattern}", "Clone the repository again."
        raise DataError(name, expected="Kerbside's files", found="none", do=do)
    return files


def objects(example: records.Example) -> list[dict]:
    """Facts about each object that has a mask, in mask order; none for other pictures.

    >>> first = objects(next(records.read(record_files("val"))))[0]
    >>> first["class"], first["tags"]["occlusion"]
    ('person', 'none')
    """
    facts = {fact["id"]: fact for fact in example.facts.get("instances", ())}
    return [facts[number] for number in example.facts.get("objects", ())]


def surfaces(split: str, parts: int | None = None) -> tf.data.Dataset:
    """A split's pictures with their semantic labels, in order; `parts` as for `record_files`.

    Elements are `{"image": (H, W, 3) uint8 RGB, "labels": (H, W) uint8 of 0 to 8, "file_name":
    string}`; a file name is split, camera and scene, such as `test-3000-04`.

    >>> first = next(iter(surfaces("val")))
    >>> first["labels"].shape.as_list(), first["file_name"].numpy()
    ([240, 320], b'val-2000-00')
    """
    import tensorflow as tf

    names = ("image/encoded", "image/segmentation/encoded", "image/source_id")

    def decode(payload: tf.Tensor) -> dict[str, tf.Tensor]:
        keys = dict.fromkeys(names, tf.io.FixedLenFeature([], tf.string))
        image, labels, name = map(tf.io.parse_single_example(payload, keys).get, names)
        # The slow and exact transform, so that every reader of a record sees the same pixels.
        image = tf.io.decode_jpeg(image, channels=3, dct_method="INTEGER_ACCURATE")
        labels = tf.io.decode_png(labels, channels=1)[..., 0]
        return {"image": image, "labels": labels, "file_name": name}

    raw = tf.data.TFRecordDataset([str(file) for file in record_files(split, parts)])
    stills = raw.map(decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return stills.apply(tf.data.experimental.assert_cardinality(sum(1 for _ in raw)))
