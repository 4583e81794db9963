"""The loader of the pets: which data set is taken, what it gives, and what it says when damaged."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import pets
from helpers.errors import DataError

tf = pytest.importorskip("tensorflow")

PHOTOS, TOYS = "Oxford-IIIT Pet (photos)", "toy pets (rendered)"


@pytest.fixture(autouse=True)
def _no_data_by_accident(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data set of the machine's owner, and no variable that chooses one."""
    monkeypatch.delenv("PETS_SOURCE", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing prepared"))


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> pets.PetData:
    return pets.find_pets(data_dir=shared_data / "tensorflow_datasets", source="local")


@pytest.fixture(scope="module")
def toys() -> pets.PetData:
    return pets.find_pets(source="toy")


@pytest.fixture(params=["toys", "photos"])
def any_pets(request: pytest.FixtureRequest) -> pets.PetData:
    """The bundled set, then the real one (skipped where it is absent)."""
    return request.getfixturevalue(request.param)


def names(dataset: tf.data.Dataset) -> list[str]:
    return [example["file_name"].decode() for example in dataset.as_numpy_iterator()]


# --- which data set -----------------------------------------------------------------------------


def test_prepared_photos_come_first_and_are_announced(make_pets, capsys):
    found = pets.find_pets(data_dir=make_pets())
    assert found.name == PHOTOS
    assert found.images == {"train": 8, "validation": 2, "test": 4}
    assert capsys.readouterr().out == f"Using {PHOTOS}: 8 train, 2 validation, 4 test.\n"
    assert found.title("test") == f"{PHOTOS}, test, 4 images"


def test_the_environment_variable_names_the_folder(make_pets, monkeypatch):
    folder = make_pets()
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    assert pets.find_pets().folder == folder / "oxford_iiit_pet" / "4.0.0"


def test_without_a_variable_the_folder_is_that_of_tensorflow_datasets(
    make_pets, monkeypatch, tmp_path
):
    monkeypatch.delenv("TFDS_DATA_DIR")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    folder = make_pets("tensorflow_datasets")
    assert pets.find_pets().folder.is_relative_to(folder)


def test_data_dir_goes_before_the_environment_variable(make_pets, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(make_pets("one")))
    other = make_pets("other")
    assert pets.find_pets(data_dir=other).folder.is_relative_to(other)


def test_the_newest_version_is_taken(make_pets):
    make_pets("versions", version="4.0.0")
    folder = make_pets("versions", version="10.0.0")
    make_pets("versions", version="99.0.0.incompleteXYZ99")
    make_pets("versions", version="99.0.0.incompleteXYZ")
    assert pets.find_pets(data_dir=folder).folder.name == "10.0.0"


def test_without_data_and_network_the_toy_pets_are_taken_and_said_so(monkeypatch, capsys):
    monkeypatch.setattr(pets, "_can_reach", lambda host: False)
    found = pets.find_pets()
    assert found.name == TOYS
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "thor.robots.ox.ac.uk cannot be reached: going on with the toy pets" in lines[0]
    assert lines[1].startswith(f"Using {TOYS}: ")


@pytest.mark.parametrize("blocked", ["getaddrinfo", "create_connection"])
def test_a_network_that_swallows_packets_does_not_hang(blocked, monkeypatch, capsys):
    """A look-up or a connection that would answer after minutes: 3 seconds, one line."""
    monkeypatch.setattr(socket, blocked, lambda *args, **kwargs: time.sleep(300))
    waits, join = [], threading.Thread.join

    def wait(thread: threading.Thread, seconds: float | None = None) -> None:
        waits.append(seconds)
        join(thread, seconds and 0.1)

    monkeypatch.setattr(threading.Thread, "join", wait)
    assert pets.find_pets().name == TOYS
    assert 3 in waits
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_with_a_network_the_photos_are_downloaded(make_pets, monkeypatch, tmp_path):
    prepared, place = make_pets(), tmp_path / "downloaded"
    monkeypatch.setenv("TFDS_DATA_DIR", str(place))
    monkeypatch.setattr(pets, "_can_reach", lambda host: True)
    assert pets.find_pets(source="local").name == TOYS

    def download(where: Path) -> str:
        shutil.copytree(prepared, where)
        return ""

    monkeypatch.setattr(pets, "_download", download)
    assert pets.find_pets().folder == place / "oxford_iiit_pet" / "4.0.0"


def instead_of_tfds(monkeypatch, code: str) -> None:
    """The process that downloads runs `code`."""
    start = subprocess.Popen
    monkeypatch.setattr(pets, "_can_reach", lambda host: True)
    monkeypatch.setattr(
        subprocess, "Popen", lambda _, **options: start([sys.executable, "-c", code], **options)
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import time; time.sleep(3600)", "nothing came for 1 seconds"),
        ("raise OSError('disk full')", "the download failed (OSError: disk full)"),
    ],
)
def test_a_download_that_stalls_or_fails_goes_on_with_the_toy_pets(
    code, why, monkeypatch, tmp_path, capsys
):
    instead_of_tfds(monkeypatch, code)
    monkeypatch.setattr(pets, "_PATIENCE", 1.0 if "sleep" in code else 60.0)
    assert pets.find_pets().name == TOYS  # and not after an hour
    first, second, _ = capsys.readouterr().out.splitlines()
    assert "800 MB" in first and 'source="toy"' in first
    assert second.endswith(f"{why}: going on with the toy pets.")
    with pytest.raises(DataError, match=re.escape(why)):
        pets.find_pets(data_dir=tmp_path, source="oxford")


def test_a_download_that_grows_is_waited_for(monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    (tmp_path / "downloads").mkdir()
    file = str(tmp_path / "downloads" / "images")
    code = f"""import time
for _ in range(8):
    time.sleep(0.4)
    open({file!r}, "a").write("more")"""
    instead_of_tfds(monkeypatch, code)
    sizes, measure = [], pets._bytes_in

    def look(*folders: Path) -> int:
        sizes.append(measure(*folders))
        return sizes[-1]

    # With each piece that is seen, 1.5 s go by, however busy the machine is: never 2 without one.
    clock = SimpleNamespace(sleep=time.sleep, monotonic=lambda: 1.5 * len(set(sizes)))
    monkeypatch.setattr(pets, "time", clock)
    monkeypatch.setattr(pets, "_bytes_in", look)
    monkeypatch.setattr(pets, "_PATIENCE", 2.0)
    pets.find_pets()
    assert (tmp_path / "downloads" / "images").stat().st_size == 8 * 4


def test_a_limit_is_said_wherever_the_split_is_named(make_pets, capsys):
    found = pets.find_pets(data_dir=make_pets(), limit=3)
    assert found.images == {"train": 3, "validation": 2, "test": 3}
    assert found.title("test") == f"{PHOTOS}, test, 3 of 4 images"
    assert found.title("validation") == f"{PHOTOS}, validation, 2 images"
    assert len(names(pets.load_pets("test", source=found))) == 3


@pytest.mark.parametrize("source", ["auto", "local", "oxford"])
def test_a_folder_without_data_is_an_error_and_never_a_silent_stand_in(
    source, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(pets, "_can_reach", lambda host: False)
    for folder, found in ((tmp_path, "none in it"), (tmp_path / "no", "no such folder")):
        message = re.escape(str(folder)) + ": expected oxford_iiit_pet/.*found " + found
        with pytest.raises(DataError, match=message):
            pets.find_pets(data_dir=folder, source=source)
    assert "Using" not in capsys.readouterr().out


def test_oxford_is_insisted_on(monkeypatch):
    monkeypatch.setattr(pets, "_can_reach", lambda host: False)
    with pytest.raises(DataError, match=r"thor\.robots\.ox\.ac\.uk cannot be reached"):
        pets.find_pets(source="oxford")


def test_pets_source_stands_in_for_auto_alone(make_pets, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(make_pets()))
    monkeypatch.setenv("PETS_SOURCE", "toy")
    assert pets.find_pets().name == TOYS
    assert pets.find_pets(source="local").name == PHOTOS
    monkeypatch.setenv("PETS_SOURCE", "cats")
    with pytest.raises(DataError, match=r"source: expected .*found 'cats'"):
        pets.find_pets()


def test_pets_source_does_not_override_a_folder_that_was_named(make_pets, monkeypatch):
    """Whoever names a folder of photos must not get a score of toy pets."""
    monkeypatch.setenv("PETS_SOURCE", "toy")
    assert pets.find_pets(data_dir=make_pets()).name == PHOTOS


def test_unknown_split_and_source_are_named(toys):
    with pytest.raises(DataError, match=r"split: expected 'train' or .*found 'training'"):
        pets.load_pets("training", source=toys)
    with pytest.raises(DataError, match=r"source: expected .*found 'cats'"):
        pets.find_pets(source="cats")


def test_an_incomplete_clone_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(pets, "DATA", tmp_path)
    for source in ("toy", "local"):
        with pytest.raises(DataError, match=r"toy_pets/.*The repository is incomplete"):
            pets.find_pets(source=source)


# --- what a split holds -------------------------------------------------------------------------


def test_the_splits_share_neither_file_nor_picture(any_pets):
    seen: dict[str, str] = {}
    for split in pets.SPLITS:
        files, hashes = [], []
        for example in pets.load_pets(split, source=any_pets).as_numpy_iterator():
            files.append(example["file_name"].decode())
            hashes.append(hashlib.sha256(example["image"].tobytes()).hexdigest())
        assert len(files) == len(set(files)) == len(set(hashes)) == any_pets.images[split] > 0
        for key in files + hashes:
            assert key not in seen, f"{files[0]} ... of {split} are also in {seen[key]}"
            seen[key] = split


def test_validation_is_cut_from_train_and_test_is_the_official_one(
    make_pets, pets_train, pets_test
):
    data = pets.find_pets(data_dir=make_pets())
    train, validation = (names(pets.load_pets(s, source=data)) for s in ("train", "validation"))
    assert train + validation == [each.file_name for each in pets_train]
    assert names(pets.load_pets("test", source=data)) == [each.file_name for each in pets_test]


def test_toy_pets_and_photos_cannot_be_told_apart_by_type(toys, photos):
    toy, real = (pets.load_pets("test", source=data) for data in (toys, photos))
    assert toy.element_spec == real.element_spec
    values = []
    for data in (toy, real):
        found: set[int] = set()
        for example in data.take(5).as_numpy_iterator():
            found |= set(np.unique(example["segmentation_mask"]))
        values.append(found)
    assert values == [{1, 2, 3}] * 2


def test_features_are_those_of_tensorflow_datasets(any_pets):
    spec = pets.load_pets("train", source=any_pets).element_spec
    assert {name: (each.dtype.name, each.shape.as_list()) for name, each in spec.items()} == {
        "image": ("uint8", [None, None, 3]),
        "segmentation_mask": ("uint8", [None, None, 1]),
        "file_name": ("string", []),
        "label": ("int64", []),
        "species": ("int64", []),
        "head_bbox": ("float32", [4]),
    }


def test_values_come_through_unchanged(make_pets, pets_test):
    from PIL import Image

    written = pets_test[1].but(label=36, species=1, head_bbox=(0.0, 0.25, 0.5, 1.0))
    data = make_pets(test=[written])
    [example] = pets.load_pets("test", pets.find_pets(data_dir=data)).as_numpy_iterator()
    assert example["file_name"].decode() == written.file_name
    assert (example["label"], example["species"]) == (36, 1)
    assert example["head_bbox"].tolist() == [0.0, 0.25, 0.5, 1.0]
    mask = np.array(Image.open(io.BytesIO(written.mask)))
    np.testing.assert_array_equal(example["segmentation_mask"][..., 0], mask)
    image = np.array(Image.open(io.BytesIO(written.image)), dtype=int)
    assert np.abs(example["image"] - image).mean() < 1.5  # TensorFlow's decoder rounds differently


def test_the_order_is_the_same_every_time(toys):
    first, second = (names(pets.load_pets("train", source=toys)) for _ in range(2))
    assert first == second
    assert len(pets.load_pets("train", source=toys)) == len(first) == toys.images["train"]


# --- what a network sees ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [16, 33, 128])
def test_to_pair_keeps_labels_and_ranges(size):
    """Pet beside background and no border: an average of the two would be the border's label."""
    mask = np.ones((40, 48, 1), np.uint8)
    mask[:, 23:] = 3
    image = np.zeros((40, 48, 3), np.uint8)
    image[:, 23:] = 255
    pixels, labels = pets.to_pair({"image": image, "segmentation_mask": mask}, size)
    assert (pixels.dtype, pixels.shape) == (tf.float32, (size, size, 3))
    assert (labels.dtype, labels.shape) == (tf.int32, (size, size))
    assert set(np.unique(labels)) == {0, 2}
    assert (np.min(pixels), np.max(pixels)) == pytest.approx((0, 255), abs=0.01)
    # Image and mask are cut at the same place, to half a pixel.
    np.testing.assert_array_equal(labels[0, : size * 23 // 48 - 1], 0)
    assert abs(np.mean(pixels) / 255 - np.mean(labels) / 2) < 1 / size


def test_to_pair_averages_what_it_makes_smaller():
    """Without antialiasing every fourth column is taken: a fine pattern turns black or white."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels, _ = pets.to_pair({"image": stripes, "segmentation_mask": stripes[..., :1]}, 16)
    assert np.abs(pixels[:, 1:-1] - 127.5).max() < 10


# --- bad input ----------------------------------------------------------------------------------


def iterate(data_dir: Path, split: str = "test") -> list[str]:
    return names(pets.load_pets(split, pets.find_pets(data_dir=data_dir)))


def half(encoded: bytes) -> bytes:
    return encoded[: len(encoded) // 2]


def bad_mask(low: int, high: int) -> bytes:
    import cv2

    mask = np.full((40, 48), 2, np.uint8)
    mask[5, 5], mask[6, 6] = low, high
    return cv2.imencode(".png", mask)[1].tobytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: {"image": half(p.image)}, "image of BAD: expected a JPEG or PNG, found"),
        (lambda p: {"image": p.image[:-40]}, "image of BAD: expected a JPEG or PNG, found"),
        (lambda p: {"image": b""}, "image of BAD: .*found 0 bytes that cannot"),
        (lambda p: {"image": b"not a picture"}, "image of BAD: .*found 13 bytes that cannot"),
        (lambda p: {"mask": half(p.mask)}, "segmentation_mask of BAD: expected a JPEG or PNG"),
        (lambda p: {"mask": b""}, "segmentation_mask of BAD: .*found 0 bytes"),
        (lambda p: {"mask": bad_mask(0, 3)}, "mask of BAD: .*from 1 to 3, found .*, 0 to 3"),
        (lambda p: {"mask": bad_mask(1, 4)}, "mask of BAD: .*from 1 to 3, found .*, 1 to 4"),
    ],
    ids=[
        "half-image",
        "cut-image",
        "no-image",
        "text-image",
        "half-mask",
        "no-mask",
        "label-0",
        "label-4",
    ],
)
def test_a_damaged_example_is_named_when_it_is_read(make_pets, pets_test, damage, message):
    *good, bad = pets_test[:3]
    data = make_pets(test=[*good, bad.but(file_name="BAD", **damage(bad))])
    with pytest.raises(tf.errors.OpError, match="DataError: .*" + message):
        iterate(data)


def test_a_mask_of_another_size_is_named(make_pets, pets_test):
    import cv2

    mask = cv2.imencode(".png", np.full((40, 44), 2, np.uint8))[1].tobytes()
    data = make_pets(test=[pets_test[0].but(mask=mask)])
    message = "mask of Pet_10.jpg: expected 40 x 48 as its image, .*found 40 x 44"
    with pytest.raises(tf.errors.OpError, match=message):
        iterate(data)


@pytest.mark.parametrize(
    ("train", "test", "empty"), [(0, 4, "train"), (10, 0, "test"), (1, 4, "validation")]
)
def test_an_empty_split_is_an_error(make_pets, pets_train, pets_test, train, test, empty):
    data = make_pets(train=pets_train[:train], test=pets_test[:test])
    with pytest.raises(DataError, match=f"expected images in every split, found none in .*{empty}"):
        pets.find_pets(data_dir=data)


def shard(data: Path, split: str = "test") -> Path:
    [path] = data.glob(f"*/*/*-{split}.tfrecord-*")
    return path


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_shard_is_named(make_pets, split):
    data = make_pets()
    missing = shard(data, split)
    missing.unlink()
    with pytest.raises(tf.errors.OpError, match=r"found 0 before an error \(NotFoundError"):
        iterate(data, split)


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_a_damaged_shard_is_named(make_pets, damage):
    data = make_pets()
    path = shard(data)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:middle],
            "changed": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
            "emptied": b"",
        }[damage]
    )
    message = r"-test\.tfrecord-\*: expected whole records, 4 of test, found [0-3]"
    with pytest.raises(tf.errors.OpError, match=message):
        iterate(data)


def test_a_shard_with_fewer_pictures_than_promised_is_an_error(make_pets, pets_test):
    data, fewer = make_pets("more"), make_pets("fewer", test=pets_test[:3])
    shutil.copy(shard(fewer), shard(data))
    with pytest.raises(tf.errors.OpError, match="expected whole records, 4 of test, found 3"):
        iterate(data)


@pytest.mark.parametrize("file", ["dataset_info.json", "features.json"])
@pytest.mark.parametrize("text", ["", "{", "{}", "[]"])
def test_a_damaged_description_names_the_data_set(make_pets, file, text):
    data = make_pets()
    folder = data / "oxford_iiit_pet" / "4.0.0"
    (folder / file).write_text(text, encoding="utf-8")
    message = re.escape(str(folder)) + ": expected a data set prepared by TensorFlow Datasets"
    with pytest.raises(DataError, match=message):
        pets.find_pets(data_dir=data)


def test_stopping_early_is_no_error(make_pets):
    data = pets.load_pets("train", pets.find_pets(data_dir=make_pets()))
    assert names(data.take(3)) == ["Pet_0.jpg", "Pet_1.jpg", "Pet_2.jpg"]
    assert len(names(data)) == 8
