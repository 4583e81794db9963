"""The shipped toy pets, record by record: what the labs and the datasheet rely on. No Blender."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from helpers.errors import DataError
from tools.render import toy_pets
from tools.render.pets import contract
from tools.render.toy_pets import PETS_FOLDER, PetRecord, difference_hash, hash_distance, open_image

VERSION = PETS_FOLDER / toy_pets.DATASET_FOLDER
PET, BACKGROUND, BORDER = 1, 2, 3
SPLITS = ("train", "test")


@dataclass(frozen=True)
class Decoded:
    """A record with its pictures decoded."""

    record: PetRecord
    image: np.ndarray
    trimap: np.ndarray


@pytest.fixture(scope="module")
def pets() -> dict[str, list[Decoded]]:
    """All shipped records of both splits."""
    return {
        split: [
            Decoded(record, open_image(record.image), open_image(record.trimap))
            for record in toy_pets.read_records(split)
        ]
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def every(pets) -> list[Decoded]:
    return [pet for split in SPLITS for pet in pets[split]]


@pytest.fixture
def copy(tmp_path) -> Path:
    """The dataset, to be damaged."""
    return Path(shutil.copytree(PETS_FOLDER, tmp_path / "pets"))


def shares(trimap: np.ndarray) -> np.ndarray:
    return np.array([(trimap == value).mean() for value in (PET, BACKGROUND, BORDER)])


# --- what is there -----------------------------------------------------------------------------


def test_every_file_is_as_the_manifest_says():
    toy_pets.verify()


def test_splits_are_at_least_as_large_as_promised(pets):
    assert len(pets["train"]) >= 240
    assert len(pets["test"]) >= 120


def test_everything_together_is_small():
    size = sum(path.stat().st_size for path in PETS_FOLDER.rglob("*") if path.is_file())
    assert size <= 12e6


def test_pictures_are_rgb_and_trimaps_one_channel_of_the_same_size(every):
    for pet in every:
        name = pet.record.file_name
        assert pet.record.image.startswith(b"\xff\xd8\xff"), f"{name} is no JPEG"
        assert pet.record.trimap.startswith(b"\x89PNG"), f"the trimap of {name} is no PNG"
        assert pet.image.dtype == np.uint8 and pet.image.shape[2:] == (3,), name
        assert pet.trimap.dtype == np.uint8 and pet.trimap.ndim == 2, name
        assert pet.image.shape[:2] == pet.trimap.shape, name
        assert max(pet.trimap.shape) == contract.LONGER_SIDE, name


def test_every_trimap_has_the_three_classes_and_no_other(every):
    for pet in every:
        assert np.unique(pet.trimap).tolist() == [PET, BACKGROUND, BORDER], pet.record.file_name


def test_no_picture_is_flat(every):
    for pet in every:
        assert pet.image.std() > 10, pet.record.file_name


# --- truth -------------------------------------------------------------------------------------


def test_border_separates_pet_from_background(every):
    for pet in every:
        trimap = pet.trimap
        for first, second in ((trimap[1:], trimap[:-1]), (trimap[:, 1:], trimap[:, :-1])):
            touching = {PET, BACKGROUND}
            together = (
                (first != second) & np.isin(first, [*touching]) & np.isin(second, [*touching])
            )
            assert not together.any(), f"{pet.record.file_name}: pet touches background"


def test_head_box_is_a_box_inside_the_picture_that_holds_pet(every):
    for pet in every:
        ymin, xmin, ymax, xmax = pet.record.head_bbox
        assert 0 <= ymin < ymax <= 1 and 0 <= xmin < xmax <= 1, pet.record.file_name
        height, width = pet.trimap.shape
        rows = slice(int(ymin * height), int(np.ceil(ymax * height)))
        columns = slice(int(xmin * width), int(np.ceil(xmax * width)))
        pet_share, background_share, _ = shares(pet.trimap[rows, columns])
        assert pet_share > 0.25, f"{pet.record.file_name}: the head box holds {pet_share:.2f} pet"
        assert background_share < 0.6, pet.record.file_name


def test_head_box_lies_within_the_pet(every):
    """Nearly always within 2 pixels; further only where something hides a part of the head."""
    margin, within = 2.0, []
    for pet in every:
        ymin, xmin, ymax, xmax = np.array(pet.record.head_bbox) * np.tile(pet.trimap.shape, 2)
        rows, columns = np.nonzero(pet.trimap != BACKGROUND)
        top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        shared_height = min(ymax, bottom) - max(ymin, top)
        shared_width = min(xmax, right) - max(xmin, left)
        share = shared_height * shared_width / ((ymax - ymin) * (xmax - xmin))
        assert share > 0.6, f"{pet.record.file_name}: {share:.2f} of the head box is at the pet"
        outside = max(top - ymin, left - xmin, ymax - bottom, xmax - right)
        within.append(outside <= margin)
    assert np.mean(within) > 0.96


def test_file_names_tell_breed_and_seed(every):
    for pet in every:
        breed, seed = pet.record.file_name.removesuffix(".jpg").rsplit("_", 1)
        assert contract.BREEDS[pet.record.label] == breed
        assert contract.SPECIES[pet.record.species] == contract.species_of(int(seed))
        assert contract.breed_of(int(seed)) == breed


# --- statistics, within the bounds that the datasheet states -----------------------------------


@pytest.mark.parametrize("split", SPLITS)
def test_class_shares_are_near_those_of_photos(pets, split):
    pet, background, border = np.mean([shares(p.trimap) for p in pets[split]], axis=0)
    assert 0.24 <= pet <= 0.36
    assert 0.50 <= background <= 0.66
    assert 0.09 <= border <= 0.15


def test_the_rule_of_rejection_was_kept(every):
    for pet in every:
        share = shares(pet.trimap)[0]
        assert contract.MIN_PET_SHARE <= share <= contract.MAX_PET_SHARE, pet.record.file_name


@pytest.mark.parametrize("split", SPLITS)
def test_species_are_balanced_and_every_breed_occurs(pets, split):
    species = Counter(pet.record.species for pet in pets[split])
    assert species[0] == species[1]
    breeds = Counter(pet.record.label for pet in pets[split])
    assert set(breeds) == set(range(len(contract.BREEDS)))
    assert min(breeds.values()) >= (5 if split == "train" else 2)


def test_pictures_come_in_several_shapes(every):
    assert len({pet.trimap.shape for pet in every}) >= 6


def test_colour_alone_does_not_tell_the_pet(every):
    """Guessing by the commoner class of each colour must stay far from a perfect score."""
    bins = np.zeros((2, 16**3))
    for pet in every:
        colour = (pet.image // 16).astype(int) @ (256, 16, 1)
        for value, row in ((PET, 0), (BACKGROUND, 1)):
            bins[row] += np.bincount(colour[pet.trimap == value], minlength=16**3)
    by_colour = bins.max(axis=0).sum() / bins.sum()
    by_nothing = bins.sum(axis=1).max() / bins.sum()
    assert by_colour < by_nothing + 0.12


# --- no leak -----------------------------------------------------------------------------------


def test_no_picture_occurs_twice(every):
    hashes = Counter(hashlib.sha256(pet.record.image).hexdigest() for pet in every)
    assert max(hashes.values()) == 1


def test_no_picture_looks_like_another(every):
    hashes = [(pet.record.file_name, difference_hash(pet.image)) for pet in every]
    for (name, first), (other, second) in combinations(hashes, 2):
        distance = hash_distance(first, second)
        assert distance > toy_pets.MAX_TWIN_DISTANCE, f"{name} looks like {other} ({distance} bits)"


def test_the_look_alike_check_finds_look_alikes(every, rng):
    """Noise and brightness, as another encoding would change them, do not hide a copy."""
    for pet in every[:20]:
        changed = pet.image * 0.9 + rng.normal(0, 3, pet.image.shape)
        changed = np.clip(changed, 0, 255).astype(np.uint8)
        distance = hash_distance(difference_hash(pet.image), difference_hash(changed))
        assert distance <= toy_pets.MAX_TWIN_DISTANCE


def test_splits_share_no_seed_and_the_manifest_lists_them(pets):
    seeds = toy_pets.read_manifest()["seeds"]
    assert not set(seeds["train"]) & set(seeds["test"])
    for split in SPLITS:
        names = {pet.record.file_name for pet in pets[split]}
        assert names == {f"{contract.breed_of(seed)}_{seed:05d}.jpg" for seed in seeds[split]}


# --- format ------------------------------------------------------------------------------------


def test_tfds_reads_it_by_name_and_by_folder(pets):
    import tensorflow_datasets as tfds

    by_folder = tfds.builder_from_directory(VERSION)
    by_name = tfds.builder("toy_pets", data_dir=PETS_FOLDER)
    for builder in (by_folder, by_name):
        assert builder.info.splits["train"].num_examples == len(pets["train"])
        assert builder.info.splits["test"].num_examples == len(pets["test"])
    example = next(iter(by_name.as_dataset(split="test")))
    decoded = {pet.record.file_name: pet for pet in pets["test"]}
    pet = decoded[example["file_name"].numpy().decode()]
    # The trimap is lossless; JPEG decoders may differ by a few levels.
    np.testing.assert_array_equal(example["segmentation_mask"][..., 0], pet.trimap)
    difference = np.abs(example["image"].numpy().astype(int) - pet.image)
    assert difference.mean() < 2
    np.testing.assert_allclose(example["head_bbox"], pet.record.head_bbox)


def test_features_are_those_of_the_photos(shared_data):
    """Only the number of breeds may differ."""
    photos = shared_data / "tensorflow_datasets/oxford_iiit_pet/4.0.0/features.json"
    ours = (VERSION / "features.json").read_text()
    theirs = photos.read_text().replace(
        '"numClasses": "37"', f'"numClasses": "{len(contract.BREEDS)}"'
    )
    assert json.loads(ours) == json.loads(theirs)
    assert (VERSION / "species.labels.txt").read_text().split() == list(contract.SPECIES)
    assert (VERSION / "label.labels.txt").read_text().split() == list(contract.BREEDS)


def test_it_does_not_pass_for_the_photos():
    for path in VERSION.glob("*.json"):
        info = json.loads(path.read_text())
        assert info.get("name", "toy_pets") == "toy_pets"
    info = json.loads((VERSION / "dataset_info.json").read_text())
    assert "no photograph was used" in info["description"]
    assert "CC BY 4.0" in info["redistributionInfo"]["license"]


# --- damage ------------------------------------------------------------------------------------


def shard_of(folder: Path, split: str) -> Path:
    return toy_pets.shard_paths(folder)[split][0][0]


def test_a_tampered_shard_is_named(copy):
    shard = shard_of(copy, "train")
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(DataError, match=rf"{shard.name}: expected SHA-256 .*changed"):
        toy_pets.verify(copy)
    with pytest.raises(DataError, match=rf"{shard.name}.*damage in record \d+"):
        list(toy_pets.read_records("train", copy))


def test_a_truncated_shard_is_named(copy):
    shard = shard_of(copy, "test")
    content = shard.read_bytes()
    shard.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(DataError, match=rf"{shard.name}: expected \d+ bytes.*truncated"):
        toy_pets.verify(copy)
    with pytest.raises(DataError, match=rf"{shard.name}.*damage in record \d+"):
        list(toy_pets.read_records("test", copy))


def test_a_shard_that_ends_between_two_records_is_named(copy):
    shard, records = toy_pets.shard_paths(copy)["test"][0]
    content = shard.read_bytes()
    first_record = int.from_bytes(content[:8], "little") + 16
    shard.write_bytes(content[:first_record])
    with pytest.raises(DataError, match=rf"{shard.name}: expected {records} whole.*after record 0"):
        list(toy_pets.read_records("test", copy))


def test_a_missing_file_is_named(copy):
    shard_of(copy, "test").unlink()
    with pytest.raises(DataError, match=r"toy_pets-test\.tfrecord.*found no file"):
        toy_pets.verify(copy)
    with pytest.raises(DataError, match=r"toy_pets-test\.tfrecord.*found no file"):
        list(toy_pets.read_records("test", copy))


def test_a_file_that_is_not_listed_is_named(copy):
    (copy / toy_pets.DATASET_FOLDER / "stray.txt").write_text("stray")
    with pytest.raises(DataError, match=r"stray\.txt"):
        toy_pets.verify(copy)


def test_a_missing_manifest_is_named(copy):
    (copy / toy_pets.MANIFEST).unlink()
    with pytest.raises(DataError, match=r"manifest\.json: expected the manifest, found no file"):
        toy_pets.verify(copy)
