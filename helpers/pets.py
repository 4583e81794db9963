"""Photos of pets with trimaps: Oxford-IIIT Pet where it is to be had, rendered toy pets otherwise.

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
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import DATA, fetch
from helpers.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

CLASSES = ("pet", "background", "border")  # names of the labels 0, 1 and 2 that `to_pair` gives
# Ours in terms of the published ones: validation is cut from train, test is the official one.
SPLITS = {"train": "train[:85%]", "validation": "train[85%:]", "test": "test"}
OXFORD, TOY = "oxford_iiit_pet", "toy_pets"
_NAMES = {OXFORD: "Oxford-IIIT Pet (photos)", TOY: "toy pets (rendered)"}
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
    """Decides which data set is used and prints it.

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
    "file_name": string, "label": int64 breed, "species": int64, "head_bbox": (4,) float32}`.

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
    reading = tfds.ReadConfig(try_autocache=False)  # decoded photos would fill the memory
    builder = tfds.builder_from_directory(source.folder)
    examples = builder.as_dataset(split=SPLITS[split], read_config=reading)
    # Fewer than the data set's description promises are an error, and not a smaller split.
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


def _prepared(data_dir: Path, dataset: str) -> Path | None:
    """The newest prepared version of a data set in a TFDS folder, or None."""
    # A download in progress, or one that was broken off, is `4.0.0.incompleteABC`.
    versions = [path.parent for path in data_dir.glob(f"{dataset}/*[0-9]/dataset_info.json")]
    versions = [path for path in versions if "incomplete" not in path.name]
    return max(versions, key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)], default=None)


def _find_photos(data_dir: str | os.PathLike | None, source: str) -> Path:
    """The folder of Oxford-IIIT Pet; for "auto" and "local", that of the toy pets if need be."""
    default = os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets"
    place, why = Path(default if data_dir is None else data_dir), ""
    may_download = source == "oxford" or (source == "auto" and data_dir is None)
    if not (folder := _prepared(place, OXFORD)) and may_download:
        why = _download(place)
        folder = _prepared(place, OXFORD)
    if folder:
        return folder
    if source == "oxford" or data_dir is not None:
        do = 'Prepare it where there is a network, or use source="toy" without data_dir.'
        raise _missing(place, OXFORD, f"{do} Not downloaded: {why}." if why else do)
    if why:
        print(f"Oxford-IIIT Pet is not on this machine, and {why}: going on with the toy pets.")
    return _toy_folder()


def _toy_folder() -> Path:
    if folder := _prepared(fetch(DATA / "pets" / TOY).parent, TOY):
        return folder
    raise _missing(DATA / "pets", TOY, "The repository is incomplete: clone it again.")


def _missing(place: Path, dataset: str, do: str) -> DataError:
    found = "none in it" if place.is_dir() else "no such folder"
    expected = f"{dataset}/<version>/dataset_info.json, as TensorFlow Datasets prepares it"
    return DataError(str(place), expected=expected, found=found, do=do)


_DOWNLOAD = """
import socket, sys
socket.create_connection(("thor.robots.ox.ac.uk", 443), timeout=3)  # TFDS would try for minutes
import tensorflow_datasets
tensorflow_datasets.builder(sys.argv[1], data_dir=sys.argv[2]).download_and_prepare()
"""


def _download(place: Path) -> str:
    """Downloads and prepares Oxford-IIIT Pet; returns why it failed, or nothing.

    A server that stops sending would keep TFDS waiting. So it works in a process of its own, which
    is ended when nothing has grown for `_PATIENCE` seconds. A bar counts what it writes, unpacked
    copies included.
    """
    from tqdm.auto import tqdm

    print(
        f"Downloading Oxford-IIIT Pet to {place}: 800 MB, some five minutes. To go on without it, "
        'interrupt and take source="toy".'
    )
    command = [sys.executable, "-c", _DOWNLOAD, OXFORD, str(place)]
    written = tqdm(desc="fetch, unpack and prepare", unit="B", unit_scale=True, leave=False)
    with tempfile.TemporaryFile("w+") as log, written:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        grown = time.monotonic()
        try:
            while child.poll() is None:
                time.sleep(0.2)
                if more := _bytes_in(place / "downloads", place / OXFORD) - written.n:
                    written.update(more)
                    grown = time.monotonic()
                elif time.monotonic() - grown > _PATIENCE:
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
