"""Packing of finished toy pets into the prepared format of TensorFlow Datasets (TFDS).

It runs in the course's environment, not in Blender's: TFDS needs a newer NumPy than bpy allows. The
shards are written by TFDS itself from a small builder, so that `tfds.load("toy_pets",
data_dir="data/pets")` reads them like any other dataset. The features are those of
`oxford_iiit_pet` 4.0.0. No lab introduces it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from helpers import files, records
from tools.render.pets import contract
from tools.render.pets.contract import BREEDS, GENERATOR_VERSION, SPECIES, Frame
from tools.render.pets.datasheet import CONTACT_SHEET, STATISTICS, draw_datasheet
from tools.render.pets.selection import select
from tools.render.toy_pets import DATASET_FOLDER, MANIFEST, sha256

COMMAND = (
    "python -m tools.render.pets --all --frames DIR && "
    "python -m tools.render.pets --pack --frames DIR"
)
DESCRIPTION = (
    "Toy pets: rendered pictures of cats and dogs with trimaps, breed, species and the bounding "
    "box of the head. Every picture is computer-generated with Blender from a seed; no photograph "
    "was used. The features have the names and types of the Oxford-IIIT Pet dataset, so that code "
    "written for the one reads the other."
)
LICENCE = "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
CITATION = "Toy pets, version 1.0.0: rendered cats and dogs for a course on image segmentation."


def pack(frames: Path, out: Path) -> Path:
    """Write `out`/toy_pets/1.0.0, its datasheet pictures and `out`/manifest.json; return the first.

    The dataset is prepared in a temporary folder and moved when it is complete.

    Raises:
        NotEnoughFrames: A split cannot be filled.
    """
    selected = select(frames)
    out.mkdir(parents=True, exist_ok=True)
    target = out / DATASET_FOLDER
    with tempfile.TemporaryDirectory(dir=out, prefix=".packing-") as temporary:
        prepared = prepare(frames, selected, Path(temporary))
        normalise_info(prepared / "dataset_info.json")
        for shard in prepared.glob("*.tfrecord-*"):
            normalise_shard(shard)
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(prepared, target)
    draw_datasheet(out)
    write_manifest(out, selected)
    return target


def prepare(frames: Path, selected: dict[str, list[Frame]], folder: Path) -> Path:
    """Let TFDS write the dataset below `folder`; return the folder of this version."""
    import tensorflow_datasets as tfds

    class ToyPets(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version(GENERATOR_VERSION)
        RELEASE_NOTES: ClassVar = {GENERATOR_VERSION: "First release."}

        def _info(self) -> tfds.core.DatasetInfo:
            return tfds.core.DatasetInfo(
                builder=self,
                description=DESCRIPTION,
                features=features(),
                supervised_keys=("image", "label"),
                citation=CITATION,
                license=LICENCE,
            )

        def _split_generators(self, dl_manager):
            return {name: self._generate_examples(name) for name in selected}

        def _generate_examples(self, split: str):
            for frame in selected[split]:
                yield frame.file_name, example(frames, frame)

    builder = ToyPets(data_dir=folder)
    builder.download_and_prepare()
    return Path(builder.data_dir)


def features():
    """The feature structure of `oxford_iiit_pet` 4.0.0, with this dataset's own breed names."""
    import tensorflow_datasets as tfds

    return tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(names=list(BREEDS)),
            "species": tfds.features.ClassLabel(names=list(SPECIES)),
            "file_name": tfds.features.Text(),
            "segmentation_mask": tfds.features.Image(shape=(None, None, 1), use_colormap=True),
            "head_bbox": tfds.features.BBoxFeature(),
        }
    )


def example(frames: Path, frame: Frame) -> dict:
    """One example for TFDS. Images are passed as files, so that their bytes are kept."""
    import tensorflow_datasets as tfds

    image, trimap, _ = contract.frame_paths(frames, frame.seed)
    return {
        "image": str(image),
        "label": frame.breed,
        "species": frame.species,
        "file_name": frame.file_name,
        "segmentation_mask": str(trimap),
        "head_bbox": tfds.features.BBox(*frame.head_bbox),
    }


def normalise_info(path: Path) -> None:
    """Remove traces of the packer's invocation, so that packing twice gives equal bytes."""
    info = json.loads(path.read_text())
    info["moduleName"] = "tools.render.pets.pack"
    files.write_text(path, json.dumps(info, indent=2, sort_keys=True) + "\n")


def normalise_shard(path: Path) -> None:
    """Rewrite the records of a shard with their features sorted by name.

    A `tf.train.Example` contains a map, whose serialisation order differs between processes.
    """
    import tensorflow as tf

    examples = [tf.train.Example.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]
    records.write_payloads(path, [e.SerializeToString(deterministic=True) for e in examples])


def write_manifest(out: Path, selected: dict[str, list[Frame]]) -> None:
    """Write the SHA-256 of every file of the dataset, its seeds, and how it was made."""
    packed = sorted(path for path in (out / DATASET_FOLDER).rglob("*") if path.is_file())
    packed += [out / CONTACT_SHEET, out / STATISTICS]
    manifest = {
        "dataset": "toy_pets",
        "generator": "tools.render.pets",
        "generator_version": GENERATOR_VERSION,
        "command": COMMAND,
        "licence": "CC BY 4.0",
        "seeds": {name: [frame.seed for frame in chosen] for name, chosen in selected.items()},
        "files": {
            path.relative_to(out).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": sha256(path),
            }
            for path in packed
        },
    }
    files.write_text(out / MANIFEST, json.dumps(manifest, indent=1) + "\n")
