"""Tiny data sets in the format of TensorFlow Datasets, whole or damaged as a test wants them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MakePets = Callable[..., Path]


@dataclass(frozen=True)
class Pet:
    """One example: encoded pictures, so that a test can put anything there."""

    file_name: str
    image: bytes
    mask: bytes
    label: int = 0
    species: int = 0
    head_bbox: tuple[float, float, float, float] = (0.1, 0.2, 0.5, 0.6)

    def but(self, **changes: object) -> Pet:
        return replace(self, **changes)


def encode(pixels: np.ndarray, form: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, quality=95)
    return stream.getvalue()


def pet(number: int, size: tuple[int, int] = (40, 48)) -> Pet:
    """A coloured disc with a border on noise: no two numbers give the same pixels."""
    rng = np.random.default_rng(number)
    height, width = size
    y, x = np.mgrid[:height, :width]
    centre = rng.uniform(0.3, 0.7, 2) * size
    distance = np.hypot(y - centre[0], x - centre[1])
    radius = rng.uniform(0.2, 0.3) * min(size)
    mask = np.where(distance < radius, 1, np.where(distance < radius + 3, 3, 2)).astype(np.uint8)
    image = rng.integers(90, 140, (height, width, 3), dtype=np.uint8)
    image[mask == 1] = (230, 120, 20)
    return Pet(f"Pet_{number}.jpg", encode(image, "JPEG"), encode(mask, "PNG"), label=number % 37)


def write_pets(
    folder: Path,
    splits: dict[str, Sequence[Pet]],
    *,
    name: str = "oxford_iiit_pet",
    version: str = "4.0.0",
) -> Path:
    """Prepares a data set as TFDS does, its serialisation included; returns `folder`.

    `folder` is what goes by the name of `data_dir`: the data lies in `folder/name/version`.
    """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(),
            "label": tfds.features.ClassLabel(num_classes=37),
            "species": tfds.features.ClassLabel(names=["Cat", "Dog"]),
            "file_name": tfds.features.Text(),
            "segmentation_mask": tfds.features.Image(shape=(None, None, 1), use_colormap=True),
            "head_bbox": tfds.features.BBoxFeature(),
        }
    )
    place = folder / name / version
    place.mkdir(parents=True)
    features.save_config(place)
    for split, pets in splits.items():
        shard = place / f"{name}-{split}.tfrecord-00000-of-00001"
        with tf.io.TFRecordWriter(str(shard)) as writer:
            for each in pets:
                example = {
                    "image": io.BytesIO(each.image),
                    "segmentation_mask": io.BytesIO(each.mask),
                    "file_name": each.file_name,
                    "label": each.label,
                    "species": each.species,
                    "head_bbox": tfds.features.BBox(*each.head_bbox),
                }
                encoded = features.encode_example(example)
                writer.write(features.serialize_example(encoded))
    description = {
        "name": name,
        "version": version,
        "fileFormat": "tfrecord",
        "splits": [
            {
                "name": split,
                "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
                "numBytes": str(sum(len(each.image) + len(each.mask) for each in pets)),
                "shardLengths": [str(len(pets))],
            }
            for split, pets in splits.items()
        ],
    }
    (place / "dataset_info.json").write_text(json.dumps(description), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def pets_train() -> list[Pet]:
    """Ten examples: 8 are the train split, the last 2 validation."""
    return [pet(number) for number in range(10)]


@pytest.fixture(scope="session")
def pets_test() -> list[Pet]:
    return [pet(number) for number in range(10, 14)]


@pytest.fixture
def make_pets(tmp_path: Path, pets_train: list[Pet], pets_test: list[Pet]) -> MakePets:
    """Writes a data set; by default a whole one of 10 and 4 pictures.

    `make_pets(train=..., test=...)` takes other examples; the result is what `data_dir` expects.
    """

    def make(
        folder: str = "prepared",
        *,
        train: Sequence[Pet] = tuple(pets_train),
        test: Sequence[Pet] = tuple(pets_test),
        **options: str,
    ) -> Path:
        return write_pets(tmp_path / folder, {"train": train, "test": test}, **options)

    return make


@pytest.fixture(scope="module")
def light():
    """The light U-Net with random weights, at the size of `made.SIZE`."""
    import keras

    from helpers import unet
    from tests.helpers.made import SIZE

    keras.utils.set_random_seed(0)  # of so few filters, chance may make all of a layer's dead
    return unet.light_unet(SIZE)


@pytest.fixture(scope="module")
def classic():
    """A narrow classic U-Net with random weights, at the size of `made.SIZE`."""
    import keras

    from helpers import unet
    from tests.helpers.made import SIZE

    keras.utils.set_random_seed(0)  # of so few filters, chance may make all of a layer's dead
    return unet.classic_unet(SIZE, filters=(4, 6, 8))
