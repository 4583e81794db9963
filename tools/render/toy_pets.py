"""Checks of the shipped toy pets: checksums, shards record by record, and look-alike pictures.

Used by the tests and the packer; the labs read the dataset with `helpers.pets`. It rests on NumPy
and Pillow; TensorFlow is imported to read records, Blender never.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from helpers import DATA
from helpers.errors import DataError

DATASET_FOLDER = Path("toy_pets/1.0.0")
MANIFEST = "manifest.json"
PETS_FOLDER = DATA / "pets"
"""Where the shipped dataset lies: a data_dir for `tfds.load("toy_pets", data_dir=...)`."""

HASH_SIDE = 16
MAX_TWIN_DISTANCE = 40
"""Pictures whose 256-bit difference hashes differ in at most this many bits count as twins."""


def sha256(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest(folder: Path = PETS_FOLDER) -> dict:
    """The manifest of the dataset: files with checksums, seeds, generator version, command.

    Raises:
        DataError: The file is missing or not JSON.
    """
    path = folder / MANIFEST
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise _damaged(path, "the manifest", "no file") from None
    except json.JSONDecodeError as error:
        raise _damaged(path, "JSON", str(error)) from None


def verify(folder: Path = PETS_FOLDER) -> None:
    """Compare every shipped file with the manifest.

    Raises:
        DataError: A file is missing, altered, of the wrong size or not listed; the message names
            it.
    """
    listed = read_manifest(folder)["files"]
    for name, facts in listed.items():
        path = folder / name
        if not path.is_file():
            raise _damaged(path, "a file that the manifest lists", "no file")
        size = path.stat().st_size
        if size != facts["bytes"]:
            raise _damaged(path, f"{facts['bytes']} bytes", f"{size}: it is truncated or changed")
        found = sha256(path)
        if found != facts["sha256"]:
            raise _damaged(path, f"SHA-256 {facts['sha256']}", f"{found}: it was changed")
    for path in sorted((folder / DATASET_FOLDER).rglob("*")):
        if path.is_file() and path.relative_to(folder).as_posix() not in listed:
            raise _damaged(path, "files that the manifest lists", "one more", "Delete it.")


_RESTORE = "Restore it with `git checkout -- data/pets`."


def _damaged(path: Path, expected: str, found: str, do: str = _RESTORE) -> DataError:
    return DataError(str(path), expected=expected, found=found, do=do)


def shard_paths(folder: Path = PETS_FOLDER) -> dict[str, list[tuple[Path, int]]]:
    """Paths and record counts of the shards of each split, from `dataset_info.json`."""
    version = folder / DATASET_FOLDER
    info = json.loads((version / "dataset_info.json").read_text())
    shards = {}
    for split in info["splits"]:
        lengths = [int(length) for length in split["shardLengths"]]
        shards[split["name"]] = [
            (version / f"toy_pets-{split['name']}.tfrecord-{i:05d}-of-{len(lengths):05d}", length)
            for i, length in enumerate(lengths)
        ]
    return shards


def read_shard(path: Path, expected_records: int) -> Iterator[bytes]:
    """Yield the serialised `tf.train.Example` of every record of a shard.

    Raises:
        DataError: A record is damaged, missing or surplus; the message names shard and record (from
            0).
    """
    import tensorflow as tf

    count = 0
    whole = f"{expected_records} whole records"
    try:
        for record in tf.data.TFRecordDataset(str(path)):
            yield record.numpy()
            count += 1
    except tf.errors.NotFoundError:
        raise _damaged(path, "a shard", "no file") from None
    except tf.errors.DataLossError as error:
        raise _damaged(path, whole, f"damage in record {count} ({error.message})") from None
    if count != expected_records:
        raise _damaged(path, whole, f"{count}: the file ends or goes on after record {count - 1}")


@dataclass(frozen=True)
class PetRecord:
    """One record: the encoded files and the labels.

    Attributes:
        file_name: name of the picture.
        image: JPEG.
        trimap: PNG with values 1 pet, 2 background, 3 border.
        label: number of the breed.
        species: 0 cat, 1 dog.
        head_bbox: ymin, xmin, ymax, xmax, normalised.
    """

    file_name: str
    image: bytes
    trimap: bytes
    label: int
    species: int
    head_bbox: tuple[float, float, float, float]


def read_records(split: str, folder: Path = PETS_FOLDER) -> Iterator[PetRecord]:
    """Yield all records of a split, read without TFDS.

    Raises:
        DataError: as for `read_shard`.
    """
    import tensorflow as tf

    for path, length in shard_paths(folder)[split]:
        for serialised in read_shard(path, length):
            features = tf.train.Example.FromString(serialised).features.feature
            yield PetRecord(
                file_name=features["file_name"].bytes_list.value[0].decode(),
                image=features["image"].bytes_list.value[0],
                trimap=features["segmentation_mask"].bytes_list.value[0],
                label=features["label"].int64_list.value[0],
                species=features["species"].int64_list.value[0],
                head_bbox=tuple(features["head_bbox"].float_list.value),
            )


def open_image(encoded: bytes) -> np.ndarray:
    """Decode a JPEG or PNG: (H, W, 3) uint8 RGB, or (H, W) uint8 for a single channel."""
    return np.asarray(Image.open(io.BytesIO(encoded)))


def difference_hash(image: np.ndarray) -> int:
    """Perceptual hash of 256 bits: is each cell of a 16x16 grid brighter than its left neighbour?

    Pictures that differ by compression, noise or slight brightness have nearly the same bits.
    """
    grey = Image.fromarray(image).convert("L")
    small = np.asarray(grey.resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX), np.int16)
    bits = small[:, 1:] > small[:, :-1]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hash_distance(first: int, second: int) -> int:
    """Number of bits in which two hashes differ, from 0 to 256."""
    return (first ^ second).bit_count()
