"""Photos of pets with trimaps: Oxford-IIIT Pet where it is to be had, rendered toy pets otherwise.

Introduced in lab 2. Both sets are in the format of TensorFlow Datasets and give the same features,
dtypes and label values, so that nothing after the loader knows the difference; but `PetData.name`
says which one it is, and every figure and score of the lab repeats it. Rests on
tensorflow-datasets, which does the reading, the caching and the download.

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

import numpy as np

from helpers import DATA, fetch
from helpers.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

CLASSES = ("pet", "background", "border")
"""Names of the labels 0, 1 and 2 that `to_pair` gives."""

SPLITS = {"train": "train[:85%]", "validation": "train[85%:]", "test": "test"}
"""Ours in terms of the published ones: validation is cut from train, test is the official one."""

OXFORD, TOY = "oxford_iiit_pet", "toy_pets"
_NAMES = {OXFORD: "Oxford-IIIT Pet (photos)", TOY: "toy pets (rendered)"}
_DOWNLOAD_HOST = "thor.robots.ox.ac.uk"
_PATIENCE = 20.0  # seconds without a new byte, after which a download is given up


@dataclass(frozen=True)
class PetData:
    """A prepared data set: its name, its folder, and how many images each split has."""

    name: str
    folder: Path
    images: dict[str, int]
    """Number of images used of each split."""
    published: dict[str, int] | None = None
    """Number of images that each split has; None where all are used."""

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
    """Decides which data set is used and prints it.

    Args:
        data_dir: Folder with `oxford_iiit_pet` in it, where a download goes too; by default
            `$TFDS_DATA_DIR`, then TFDS's own `~/tensorflow_datasets`. If given, it must hold the
            data: nothing else is taken in its place, but `source="oxford"` may download into it.
        source: "auto" takes Oxford-IIIT Pet if it is prepared, downloads it (800 MB) if there is a
            network, and otherwise takes the toy pets; "local" does the same without a download;
            "oxford" insists on the photos, "toy" on the toy pets. The environment variable
            `PETS_SOURCE` stands in for "auto", unless `data_dir` says where to look.
        limit: Largest number of images used of each split; None takes all.

    Raises:
        DataError: What was asked for is not there, damaged, or empty.
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


def load_pets(
    split: str, *, data_dir: str | os.PathLike | None = None, source: str | PetData = "auto"
) -> tf.data.Dataset:
    """One split of the pets, in TFDS's own features.

    Args:
        split: "train", "validation" (the last 15 % of the published train split) or "test" (the
            published one). They share no image; choose on validation, report on test.
        data_dir: As for `find_pets`.
        source: As for `find_pets`, or what it returned.

    Returns:
        Elements `{"image": (H, W, 3) uint8 RGB, "segmentation_mask": (H, W, 1) uint8 of 1 to 3,
        "file_name": string, "label": int64 breed, "species": int64, "head_bbox": (4,) float32}`,
        in the same order every time. A damaged picture, a mask of another size than its image or a
        label outside 1 to 3 stops the iteration with an error that names the file.

    Raises:
        DataError: The split is unknown, or there is no such data.
    """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    if split not in SPLITS:
        found, expected = repr(split), " or ".join(map(repr, SPLITS))
        raise DataError("split", expected=expected, found=found)
    if not isinstance(source, PetData):
        source = find_pets(data_dir=data_dir, source=source)
    raw = tfds.builder_from_directory(source.folder).as_dataset(
        split=SPLITS[split],
        shuffle_files=False,
        decoders={name: tfds.decode.SkipDecoding() for name in ("image", "segmentation_mask")},
    )

    def decode(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        image, mask = tf.numpy_function(  # in Python, so that an error can name the file
            _decode,
            [example["file_name"], example["image"], example["segmentation_mask"]],
            (tf.uint8, tf.uint8),
            stateful=False,
        )
        image.set_shape((None, None, 3))
        mask.set_shape((None, None, 1))
        return example | {"image": image, "segmentation_mask": mask}

    examples = tf.data.Dataset.from_generator(
        lambda: _checked(raw, source, split), output_signature=raw.element_spec
    )
    return (
        examples.take(source.images[split])
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        .apply(tf.data.experimental.assert_cardinality(source.images[split]))
    )


def to_pair(example: dict[str, Any], size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """An element of `load_pets` -> what a network of `size` x `size` pixels learns from.

    Returns:
        image: (size, size, 3) float32 from 0 to 255, resized bilinearly (with antialiasing).
        labels: (size, size) int32 from 0 to 2, resized by nearest neighbour: a mask has no labels
            between its labels.
    """
    import tensorflow as tf

    image = tf.image.resize(example["image"], (size, size), antialias=True)
    mask = tf.image.resize(example["segmentation_mask"], (size, size), method="nearest")
    return image, tf.cast(mask[..., 0], tf.int32) - 1


def _checked(raw: tf.data.Dataset, source: PetData, split: str) -> Iterator[dict]:
    """The examples as read. TensorFlow does not name the shard that is damaged; this does."""
    import tensorflow as tf

    promised, count, why = (source.published or source.images)[split], 0, ""
    try:
        for example in raw.as_numpy_iterator():
            yield example
            count += 1
    except tf.errors.OpError as error:
        why = f" ({type(error).__name__})"
    if count != promised:
        shards = sorted(source.folder.glob(f"*-{SPLITS[split].partition('[')[0]}.tfrecord-*"))
        broken = [str(shard) for shard in shards if not _is_whole(shard)] or map(str, shards)
        expected = f"whole records, {promised} of {split}"
        do = "The data set is damaged: prepare it again."
        raise DataError(", ".join(broken), expected=expected, found=f"{count}{why}", do=do)


def _is_whole(shard: Path) -> bool:
    import tensorflow as tf

    try:
        return sum(1 for _ in tf.data.TFRecordDataset(str(shard))) > 0
    except tf.errors.OpError:
        return False


def _decode(file_name: bytes, image: bytes, mask: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Decodes and checks one image and its trimap, given as encoded bytes."""
    import tensorflow as tf

    name = file_name.decode(errors="replace")
    pixels = []
    for what, encoded, channels in (("image", image, 3), ("segmentation_mask", mask, 1)):
        try:
            decoded = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
        except tf.errors.InvalidArgumentError as error:
            found = f"{len(encoded)} bytes that do not decode"
            do = "The data set is damaged: prepare it again."
            expected = "a whole JPEG or PNG"
            raise DataError(f"{what} of {name}", expected=expected, found=found, do=do) from error
        pixels.append(decoded.numpy())
    (height, width), mask_size = pixels[0].shape[:2], pixels[1].shape[:2]
    if mask_size != (height, width):
        found = f"{mask_size[0]} x {mask_size[1]}"
        expected = f"the size of its image, {height} x {width}"
        raise DataError(f"segmentation_mask of {name}", expected=expected, found=found)
    low, high = int(pixels[1].min()), int(pixels[1].max())
    if low < 1 or high > len(CLASSES):
        found = f"labels from {low} to {high}"
        expected = "1 pet, 2 background, 3 border"
        raise DataError(f"segmentation_mask of {name}", expected=expected, found=found)
    return pixels[0], pixels[1]


# --- where the data is ------------------------------------------------------------------------


def _prepared(data_dir: Path, dataset: str) -> Path | None:
    """The newest prepared version of a data set in a TFDS folder, or None."""
    versions = [path.parent for path in data_dir.glob(f"{dataset}/*/dataset_info.json")]
    return max(versions, key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)], default=None)


def _find_photos(data_dir: str | os.PathLike | None, source: str) -> Path:
    """The folder of Oxford-IIIT Pet; for "auto" and "local", that of the toy pets if need be."""
    default = Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets")
    place = Path(data_dir) if data_dir is not None else default
    if (folder := _prepared(place, OXFORD)) is not None:
        return folder
    may_download, why = source == "oxford" or (source == "auto" and data_dir is None), ""
    if may_download:
        why = f"{_DOWNLOAD_HOST} cannot be reached"
        if _can_reach(_DOWNLOAD_HOST):
            why = _download(place)
            if (folder := _prepared(place, OXFORD)) is not None:
                return folder
    if source == "oxford" or data_dir is not None:
        do = 'Prepare it where there is a network, or use source="toy" without data_dir.'
        raise _missing(place, OXFORD, f"{do} Not downloaded: {why}." if why else do)
    if may_download:
        print(f"Oxford-IIIT Pet is not on this machine, and {why}: going on with the toy pets.")
    return _toy_folder()


def _toy_folder() -> Path:
    """The folder of the bundled toy pets."""
    folder = _prepared(fetch(DATA / "pets" / TOY).parent, TOY)
    if folder is None:
        raise _missing(DATA / "pets", TOY, "The repository is incomplete: clone it again.")
    return folder


def _missing(place: Path, dataset: str, do: str) -> DataError:
    found = "no such folder" if not place.is_dir() else "none in it"
    expected = f"{dataset}/<version>/dataset_info.json, as TensorFlow Datasets prepares it"
    return DataError(str(place), expected=expected, found=found, do=do)


def _can_reach(host: str, seconds: float = 3.0) -> bool:
    """Whether a TCP connection opens in time. Name look-up has no time-out, hence the thread."""
    answer: list[bool] = []

    def connect() -> None:
        try:
            socket.create_connection((host, 443), timeout=seconds).close()
            answer.append(True)
        except OSError:
            pass

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answer)


def _download(place: Path) -> str:
    """Downloads and prepares Oxford-IIIT Pet; returns why it failed, or nothing.

    TFDS tries for minutes where nothing comes, so it works in a process of its own, which is ended
    when nothing has grown for `_PATIENCE` seconds.
    """
    from tqdm.auto import tqdm

    print(
        f"Downloading Oxford-IIIT Pet to {place}: 800 MB, some five minutes. To go on without it, "
        'interrupt and take source="toy".'
    )
    code = "import sys, tensorflow_datasets as t; t.builder(sys.argv[1], data_dir=sys.argv[2])"
    command = [sys.executable, "-c", f"{code}.download_and_prepare()", OXFORD, str(place)]
    with tempfile.TemporaryFile("w+") as said, tqdm(unit="MB", desc="download", leave=False) as bar:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        size, since = -1, time.monotonic()
        try:
            while child.poll() is None:
                time.sleep(0.2)
                now = _bytes_in(place / "downloads", place / OXFORD)
                if now != size:
                    size, since = now, time.monotonic()
                    bar.update(now // 10**6 - bar.n)
                elif time.monotonic() - since > _PATIENCE:
                    return f"nothing came for {_PATIENCE:.0f} seconds"
            said.seek(0)
            lines = said.read().strip().splitlines() or ["no message"]
            return f"the download failed ({lines[-1][:120]})" if child.returncode else ""
        finally:
            child.kill()
            child.wait()


def _bytes_in(*folders: Path) -> int:
    """Size of all files in some folders, while somebody else writes and renames them."""
    total = 0
    for file in (file for folder in folders for file in folder.rglob("*")):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def _describe(folder: Path) -> PetData:
    """Reads a prepared data set's description; checks that its files are there and not empty."""
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder_from_directory(folder)
        splits = builder.info.splits
        images = {name: splits[published].num_examples for name, published in SPLITS.items()}
        missing = [
            str(path)
            for name in ("train", "test")
            for path in splits[name].filepaths
            if not Path(path).is_file()
        ]
    except Exception as error:
        found = f"{type(error).__name__}: {str(error).rstrip('.')}"
        expected = "a data set prepared by TensorFlow Datasets with the splits train and test"
        raise DataError(str(folder), expected=expected, found=found) from error
    if missing:
        raise DataError(missing[0], expected="a shard of the data set", found="no file")
    empty = [name for name, count in images.items() if not count]
    if empty:
        found = f"none in {', '.join(empty)}"
        raise DataError(str(folder), expected="images in every split", found=found)
    return PetData(_NAMES.get(builder.name, builder.name), folder, images)
