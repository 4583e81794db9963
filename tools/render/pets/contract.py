"""Definition of a finished picture of the toy pets: names, splits, classes, rejection rule.

The renderer writes a picture as three files, which the packer reads; this module defines their
format. It rests on the standard library and `helpers.files` alone, so that it can be imported in
Blender's environment and in that of the course. No lab introduces it: labs read the packed dataset
through TFDS.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers import files

GENERATOR_VERSION = "1.0.0"
LONGER_SIDE = 192
"""Pixels of the longer side of every picture."""

PET, BACKGROUND, BORDER = 1, 2, 3
"""Values of the trimap, the same as in the Oxford-IIIT Pet dataset."""

SPECIES = ("Cat", "Dog")

CAT_BREEDS = (
    "barecat", "cloudface", "forestcat", "midnight", "patchwork", "plushpoint",
    "roundface", "rosette", "sealpoint", "tabby", "ticked",
)  # fmt: skip
DOG_BREEDS = (
    "boxhead", "droopear", "flufftail", "foxtail", "golden", "herder", "longlow", "pocket",
    "snub", "spotted", "stocky", "trihound", "underjaw", "wirebeard",
)  # fmt: skip
BREEDS = tuple(sorted(CAT_BREEDS + DOG_BREEDS))
"""Class names of the feature `label`, in the order of its integers."""


BPY_IS_MISSING = (
    "The toy pets are rendered with Blender's Python module `bpy`, which is not installed here. "
    "Make an environment of its own with Python 3.11 and run "
    "`pip install -r requirements/render.txt` in it. Labs and tests do not need it: the rendered "
    "dataset is in data/pets."
)


@dataclass(frozen=True)
class Split:
    """One split: pictures are accepted in the order of their seeds, `first_seed` upwards."""

    name: str
    first_seed: int
    pictures: int
    candidates: int

    @property
    def seeds(self) -> range:
        """All seeds that may be rendered for this split."""
        return range(self.first_seed, self.first_seed + self.candidates)


SPLITS = {
    "train": Split("train", first_seed=10_000, pictures=240, candidates=480),
    "test": Split("test", first_seed=50_000, pictures=120, candidates=240),
}


class NotEnoughFrames(ValueError):
    """Too few accepted pictures to fill a split."""


MIN_PET_SHARE, MAX_PET_SHARE = 0.08, 0.75
MIN_HEAD_IN_FRAME = 0.75
MIN_FACE_VISIBLE = 0.60


@dataclass(frozen=True)
class Frame:
    """Facts of one rendered picture; shares and visibilities are fractions from 0 to 1.

    `head_bbox` is (ymin, xmin, ymax, xmax), normalised by height and width.
    """

    seed: int
    generator_version: str
    species: str
    breed: str
    coat: str
    pose: str
    asleep: bool
    surroundings: str
    shot: str
    height: int
    width: int
    pet_share: float
    background_share: float
    border_share: float
    head_bbox: tuple[float, float, float, float]
    head_in_frame: float
    face_visible: float
    rejected: str | None

    @property
    def file_name(self) -> str:
        """Name of the picture in the dataset, as in `tabby_0007.jpg`."""
        return f"{self.breed}_{self.seed:05d}.jpg"


def species_of(seed: int) -> str:
    """Even seeds are cats and odd seeds are dogs, so that every split is balanced."""
    return SPECIES[seed % 2]


def breed_of(seed: int) -> str:
    """Breeds alternate, so that no breed is rare by chance."""
    breeds = CAT_BREEDS if species_of(seed) == "Cat" else DOG_BREEDS
    return breeds[(seed // 2) % len(breeds)]


def rejection(pet_share: float, head_in_frame: float, face_visible: float) -> str | None:
    """Reason for rejecting a picture, or None. It depends on geometry alone, never on a model."""
    if pet_share < MIN_PET_SHARE:
        return f"pet share {pet_share:.3f} below {MIN_PET_SHARE}"
    if pet_share > MAX_PET_SHARE:
        return f"pet share {pet_share:.3f} above {MAX_PET_SHARE}"
    if head_in_frame < MIN_HEAD_IN_FRAME:
        return f"only {head_in_frame:.2f} of the head is in the frame, below {MIN_HEAD_IN_FRAME}"
    if face_visible < MIN_FACE_VISIBLE:
        return f"only {face_visible:.2f} of the face is visible, below {MIN_FACE_VISIBLE}"
    return None


def frame_paths(folder: Path, seed: int) -> tuple[Path, Path, Path]:
    """Paths of the picture (JPEG), the trimap (PNG) and the facts (JSON) of one seed."""
    return tuple(folder / f"{seed:05d}.{ending}" for ending in ("jpg", "png", "json"))


def write_frame(folder: Path, frame: Frame) -> None:
    """Write the facts last and atomically: a picture without them does not count as finished."""
    path = frame_paths(folder, frame.seed)[2]
    files.write_text(path, json.dumps(asdict(frame), indent=1) + "\n")


def read_frame(folder: Path, seed: int) -> Frame | None:
    """Facts of a finished picture, or None if it is missing or from another generator version."""
    path = frame_paths(folder, seed)[2]
    if not path.exists():
        return None
    facts = json.loads(path.read_text())
    if facts["generator_version"] != GENERATOR_VERSION:
        return None
    facts["head_bbox"] = tuple(facts["head_bbox"])
    return Frame(**facts)
