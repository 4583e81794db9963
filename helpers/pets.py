"""Photos of pets with trimaps: Oxford-IIIT Pet where available, rendered toy pets otherwise.

Introduced in lab 2. Both sets are in the format of TensorFlow Datasets and give the same features,
dtypes and label values, so that all code after the loader is the same; `PetData.name` is the one in
use, and every figure and score of the lab repeats it.

Labels of a trimap as stored: 1 pet, 2 background, 3 border (a band along the pet's edge which the
annotators left undecided). The labs train on 0-based labels, in the order of `CLASSES`.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import DATA, fetch
from helpers.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

CLASSES = ("pet", "background", "border")  # names of the labels 0, 1 and 2 that `to_pair` gives
# Ours in terms of the published ones: validation is cut from train, test is the official one.
SPLITS = {"train": "train[:85%]", "validation": "train[85%:]", "test": "test"}
OXFORD, TOY = "oxford_iiit_pet", "toy_pets"
_NAMES = {OXFORD: "Oxford-IIIT Pet (photos)", TOY: "toy pets (rendered)"}
_PICTURES = (("image", 3), ("segmentation_mask", 1))  # features and their channels
_DOWNLOAD_HOST = "thor.robots.ox.ac.uk"
_PATIENCE = 20.0  # seconds without a new byte, after which a download is given up


@dataclass(frozen=True)
class PetData:
    """A prepared data set: its name, its folder, and how many images each split has."""

    name: str
    folder: Path
    images: dict[str, int]  # number used of each split
    published: dict[str, int] | None = None  # number that each split has, if more than that

    def title(self, split: str) -> str:
        """The name to print beside a figure or a score of `split`.

        >>> find_pets(source="toy").title("test")
        Using toy pets (rendered): 204 train, 36 validation, 120 test.
        'toy pets (rendered), test, 120 images'
        """
        used, whole = self.images[split], (self.published or self.images)[split]
        return f"{self.name}, {split}, {used} {'' if used == whole else f'of {whole} '}images"


def find_pets(
    *, data_dir: str | os.PathLike | None = None, source: str = "auto", limit: int | None = None
) -> PetData:
    """Choose the data set and print the choice.

    Args:
        data_dir: Folder with `oxford_iiit_pet` in it, where a download goes too; by default
            `$TFDS_DATA_DIR`, then TFDS's own `~/tensorflow_datasets`. If given, it must hold the
            data: nothing else is taken in its place, but `source="oxford"` may download into it.
        source: "auto" takes Oxford-IIIT Pet if it is prepared, downloads it (800 MB) if there is a
            network, and otherwise takes the toy pets; "local" does the same without a download;
            "oxford" insists on the photos, "toy" on the toy pets. The environment variable
            `PETS_SOURCE` stands in for "auto", unless `data_dir` is given.
        limit: Largest number of images used of each split; None takes all.

    >>> find_pets(source="toy", limit=100).images
    Using toy pets (rendered): 100 train, 36 validation, 100 test.
    {'train': 100, 'validation': 36, 'test': 100}
    """
    if source == "auto" and data_dir is None:
        source = os.environ.get("PETS_SOURCE", "auto")
    if source not in ("auto", "local", "oxford", "toy"):
        expected = '"auto", "local", "oxford" or "toy"'
        raise DataError("source", expected=expected, found=repr(source))
    found = _describe(_toy_folder() if source == "toy" else _find_photos(data_dir, source))
    if limit is not None:
        used = {name: min(limit, count) for name, count in found.images.items()}
        found = replace(found, images=used, published=found.images)
    counts = ", ".join(f"{count} {split}" for split, count in found.images.items())
    print(f"Using {found.name}: {counts}.")
    return found


def load_pets(split: str, source: PetData) -> tf.data.Dataset:
    """One split of the pets, in TFDS's own features and always in the same order.

    "validation" is the last 15 % of the published train split, "train" the rest, "test" the
    published one. They share no image; choose on validation, report on test.

    Elements are `{"image": (H, W, 3) uint8 RGB, "segmentation_mask": (H, W, 1) uint8 of 1 to 3,
    "file_name": string, "label": int64 breed, "species": int64, "head_bbox": (4,) float32}`. A
    damaged picture or a wrong mask stops the iteration with an error of TensorFlow that names it.

    >>> toys = find_pets(source="toy")
    Using toy pets (rendered): 204 train, 36 validation, 120 test.
    >>> next(iter(load_pets("test", toys)))["image"].shape
    TensorShape([192, 154, 3])
    """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    if split not in SPLITS:
        expected = " or ".join(map(repr, SPLITS))
        raise DataError("split", expected=expected, found=repr(split))
    builder = tfds.builder_from_directory(source.folder)
    undecoded = {key: tfds.decode.SkipDecoding() for key, _ in _PICTURES}
    raw = builder.as_dataset(split=SPLITS[split], shuffle_files=False, decoders=undecoded)
    examples = tf.data.Dataset.from_generator(
        lambda: _checked(raw, source, split),
        output_signature=builder.info.features.get_tensor_spec(),
    )
    count = tf.data.experimental.assert_cardinality(source.images[split])
    return examples.take(source.images[split]).apply(count)


def to_pair(example: dict[str, Any], size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """An element of `load_pets` -> what a network of `size` x `size` pixels learns from.

    The image is (size, size, 3) float32 from 0 to 255, resized bilinearly (with antialiasing), the
    labels (size, size) int32 from 0 to 2, by nearest neighbour: a mask has no labels in between.

    >>> element = {"image": np.zeros((4, 4, 3)), "segmentation_mask": np.full((4, 4, 1), 3)}
    >>> to_pair(element, size=2)[1].numpy()
    array([[2, 2],
           [2, 2]], dtype=int32)
    """
    import tensorflow as tf

    image = tf.image.resize(example["image"], (size, size), antialias=True)
    mask = tf.image.resize(example["segmentation_mask"], (size, size), method="nearest")
    return image, tf.cast(mask[..., 0], tf.int32) - 1


def _checked(raw: tf.data.Dataset, source: PetData, split: str) -> Iterator[dict]:
    """The examples with their pictures decoded here: TensorFlow's own errors name no file."""
    import tensorflow as tf

    promised, count, why = (source.published or source.images)[split], 0, ""
    try:
        for example in raw.as_numpy_iterator():
            example |= {key: _decoded(example, key, channels) for key, channels in _PICTURES}
            size, mask = example["image"].shape[:2], example["segmentation_mask"][..., 0]
            labels = int(mask.min()), int(mask.max())
            if mask.shape != size or labels[0] < 1 or labels[1] > len(CLASSES):
                expected = f"{size[0]} x {size[1]} as its image, labels from 1 to {len(CLASSES)}"
                found = f"{mask.shape[0]} x {mask.shape[1]}, {labels[0]} to {labels[1]}"
                name = f"mask of {example['file_name'].decode()}"
                raise DataError(name, expected=expected, found=found)
            yield example
            count += 1
    except tf.errors.OpError as error:
        why = f" before an error ({type(error).__name__})"
    if count != promised:
        shards = f"{source.folder}/*-{SPLITS[split].partition('[')[0]}.tfrecord-*"
        expected, found = f"whole records, {promised} of {split}", f"{count}{why}"
        do = "The data set is damaged: prepare it again."
        raise DataError(shards, expected=expected, found=found, do=do)


def _decoded(example: dict, key: str, channels: int) -> np.ndarray:
    """A picture of an example, (H, W, channels) uint8, from the bytes of its file."""
    import tensorflow as tf

    try:
        return tf.io.decode_image(example[key], channels, expand_animations=False).numpy()
    except tf.errors.OpError as error:
        name = f"{key} of {example['file_name'].decode()}"
        found = f"{len(example[key])} bytes that cannot be decoded"
        do = "The data set is damaged: prepare it again."
        raise DataError(name, expected="a JPEG or PNG", found=found, do=do) from error


def _prepared(data_dir: Path, dataset: str) -> Path | None:
    """The newest prepared version of a data set in a TFDS folder, or None."""
    # A download in progress, or one that was broken off, is `4.0.0.incompleteABC`.
    versions = [path.parent for path in data_dir.glob(f"{dataset}/*[0-9]/dataset_info.json")]
    versions = [path for path in versions if "incomplete" not in path.name]
    return max(versions, key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)], default=None)


def _find_photos(data_dir: str | os.PathLike | None, source: str) -> Path:
    """The folder of Oxford-IIIT Pet; for "auto" and "local", that of the toy pets if need be."""
    default = os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets"
    place = Path(default if data_dir is None else data_dir)
    folder, why = _prepared(place, OXFORD), ""
    if folder is None and (source == "oxford" or (source == "auto" and data_dir is None)):
        why = f"{_DOWNLOAD_HOST} cannot be reached"
        if _can_reach(_DOWNLOAD_HOST):
            why = _download(place)
            folder = _prepared(place, OXFORD)
    if folder is not None:
        return folder
    if source == "oxford" or data_dir is not None:
        do = 'Prepare it where there is a network, or use source="toy" without data_dir.'
        raise _missing(place, OXFORD, f"{do} Not downloaded: {why}." if why else do)
    if why:
        print(f"Oxford-IIIT Pet is not on this machine, and {why}: going on with the toy pets.")
    return _toy_folder()


def _toy_folder() -> Path:
    folder = _prepared(fetch(DATA / "pets" / TOY).parent, TOY)
    if folder is None:
        raise _missing(DATA / "pets", TOY, "The repository is incomplete: clone it again.")
    return folder


def _missing(place: Path, dataset: str, do: str) -> DataError:
    found = "none in it" if place.is_dir() else "no such folder"
    expected = f"{dataset}/<version>/dataset_info.json, as TensorFlow Datasets prepares it"
    return DataError(str(place), expected=expected, found=found, do=do)


def _can_reach(host: str) -> bool:
    """Whether a connection opens in 3 seconds. Name look-up has no time-out, hence the thread."""
    answer: list[bool] = []

    def connect() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection((host, 443), timeout=3).close()
            answer.append(True)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(3)
    return bool(answer)


def _download(place: Path) -> str:
    """Download and prepare Oxford-IIIT Pet; return why it failed, or "".

    TFDS waits for minutes if nothing arrives, so it runs in a separate process, which is ended when
    nothing has grown for `_PATIENCE` seconds. A bar counts what it writes, unpacked copies
    included.
    """
    from tqdm.auto import tqdm

    print(
        f"Downloading Oxford-IIIT Pet to {place}: 800 MB, some five minutes. To go on without it, "
        'interrupt and take source="toy".'
    )
    code = "import sys, tensorflow_datasets as t; t.builder(sys.argv[1], data_dir=sys.argv[2])"
    command = [sys.executable, "-c", f"{code}.download_and_prepare()", OXFORD, str(place)]
    written = tqdm(desc="fetch, unpack and prepare", unit="B", unit_scale=True, leave=False)
    with tempfile.TemporaryFile("w+") as log, written:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        size, since = -1, time.monotonic()
        try:
            while child.poll() is None:
                time.sleep(0.2)
                before, size = size, _bytes_in(place / "downloads", place / OXFORD)
                written.update(max(0, size - written.n))
                if size != before:
                    since = time.monotonic()
                elif time.monotonic() - since > _PATIENCE:
                    return f"nothing came for {_PATIENCE:.0f} seconds"
            log.seek(0)
            lines = log.read().strip().splitlines() or ["no message"]
            return f"the download failed ({lines[-1]:.120})" if child.returncode else ""
        finally:
            child.kill()
            child.wait()


def _bytes_in(*folders: Path) -> int:
    """Size of all files in some folders, while another process writes and renames them."""
    total = 0
    for file in (file for folder in folders for file in folder.rglob("*")):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def _describe(folder: Path) -> PetData:
    """A prepared data set's own description, with no split empty."""
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder_from_directory(folder)
        splits = builder.info.splits
        images = {name: splits[published].num_examples for name, published in SPLITS.items()}
    except Exception as error:  # TFDS raises anything for a damaged dataset_info.json
        found = f"{type(error).__name__}: {error}"
        expected = "a data set prepared by TensorFlow Datasets with the splits train and test"
        raise DataError(str(folder), expected=expected, found=found) from error
    if empty := [name for name, count in images.items() if not count]:
        found = f"none in {', '.join(empty)}"
        raise DataError(str(folder), expected="images in every split", found=found)
    return PetData(_NAMES.get(builder.name, builder.name), folder, images)
